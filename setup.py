"""Compile the dictionary of inflected forms while telekeep is built; everything else is in pyproject.toml.

An editable install gets its modules compiled, too, as pip does with others: where PYTHONDONTWRITEBYTECODE is set, as in
many containers, every command would otherwise compile some 280 of them again, for an eighth of a second.
"""

from __future__ import annotations

import compileall
import gc
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
PACKAGES = ("archiver", "config", "search")


class BuildDictionary(build_py):
    """Copy the packages as usual, then write the dictionary next to them, or into the source tree if it stays there."""

    def run(self) -> None:
        super().run()
        sys.path.insert(0, str(ROOT))
        from search.words.dictionary.build import build

        gc.disable()  # else a third of the time goes into collecting garbage among millions of words
        folder = ROOT if self.editable_mode else Path(self.build_lib)
        build(folder / "search" / "words" / "dictionary")
        if self.editable_mode:
            for package in PACKAGES:
                compileall.compile_dir(folder / package, quiet=1)


setup(cmdclass={"build_py": BuildDictionary})
