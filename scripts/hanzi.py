"""Makes search/query/variants/han.txt of the dictionaries of OpenCC: `python scripts/hanzi.py FOLDER`.

FOLDER holds STCharacters.txt, TSCharacters.txt, TWVariants.txt, HKVariants.txt and JPVariants.txt, as the wheel of
opencc-python-reimplemented does in opencc/dictionary. Only characters of the block that fonts have are taken.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

TARGET = Path(__file__).parent.parent / "search" / "variants" / "han.txt"
HEAD = """\
# Ways to write a Chinese character, made by scripts/hanzi.py of the character dictionaries of OpenCC 1.0
# (https://github.com/BYVoid/OpenCC, Copyright 2010-2016 Carbo Kuo, Apache License 2.0), changed in form and selection.
# Simplified, and what it stands for, itself too where it is in use beside them."""


def main(folder: Path) -> None:
    """Writes the table."""
    simple = {traditional: many[0] for traditional, many in _read(folder / "TSCharacters.txt")}
    classes = {char: list(many) for char, many in _read(folder / "STCharacters.txt")}
    for traditional, char in simple.items():
        classes.setdefault(char, []).append(traditional)
    local = [(standard, one) for name in ("TW", "HK") for standard, many in _read(folder / f"{name}Variants.txt")
             for one in many if one != standard]  # fmt: skip
    for standard, one in local:
        char = simple.get(standard, standard)
        classes.setdefault(char, [char]).extend((standard, one))
    japanese = [(old, many[0]) for old, many in _read(folder / "JPVariants.txt")]
    first = (char + "".join(dict.fromkeys(many)) for char, many in classes.items() if set(many) != {char})
    TARGET.write_text(
        f"{HEAD}\n{_lines(first)}\n# Taiwan or Hong Kong.\n{_lines(map(''.join, local))}\n"
        f"# Japan: the older way, the present one.\n{_lines(map(''.join, japanese))}\n",
        "utf-8",
    )


def _read(path: Path) -> Iterable[tuple[str, list[str]]]:
    """Each character with what it becomes."""
    for line in path.read_text("utf-8").splitlines():
        char, others = line.split("\t")
        yield char, others.split()


def _lines(words: Iterable[str]) -> str:
    return "\n".join(word for word in sorted(set(words)) if all("\u4e00" <= char <= "\u9fff" for char in word))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
