"""Names with an apostrophe, which people also write without: O'Brien, Qur'an, Sana'a, D'Artagnan. Pure.

In texts an apostrophe ends a word (Cyrillic and Hebrew ones aside). A name typed with one is also looked for as one
word; without one, as two words if it is listed or its second letter is a capital too: OBrien.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from search.text.normalize import fold

_SIGNS: Final = "'\u2018\u2019\u02bc\u02bb`\u00b4"
_APART: Final = re.compile(f"([^\\W\\d_]+)[{_SIGNS}]([^\\W\\d_]+)")
_CAPITALS: Final = re.compile("([ODNLM])([A-Z][a-z]{3,})")
_ENDINGS: Final = frozenset("s t d m ll re ve nt".split())  # noqa: SIM905 read so
_ELIDED: Final = frozenset("c d j l m n s t qu jusqu lorsqu puisqu dell nell all dall sull un".split())  # noqa: SIM905
_SHORTEST: Final = 4
_SHORTEST_ELIDED: Final = 5
_NAMES: Final = """
    qur'an qur'anic sana'a ba'ath ba'athist shi'a shi'ite shi'ites ka'aba ka'bah ma'rib sa'ada sa'dah ta'iz
    be'er isma'il mas'ud baha'i baha'is isra'il ya'alon ja'far sa'id fu'ad mu'min n'djamena d'artagnan dar'a
    da'esh da'wa ra'anana ra'ad ra'ed sha'ab sha'ar jama'a jama'at shari'a ri'ayah bi'lin ni'lin deir'a qa'im
    qa'ida nu'man mu'tasim ma'an bu'eina xi'an ya'an ch'ongjin o'neill o'brien o'connor o'hara o'reilly
    o'donnell o'sullivan
"""
_LISTED: Final = frozenset(_NAMES.split())
_WHOLE: Final = {name.replace("'", ""): name.replace("'", " ") for name in _LISTED}


def apostrophe_variants(word: str) -> Iterator[str]:
    """Yield other spellings of a word as typed; there may be none."""
    if found := _APART.fullmatch(word):
        first, second = found[1].casefold(), found[2].casefold()
        if f"{fold(first)}'{fold(second)}" in _LISTED:
            yield f"{first} {second}"
            yield first + second
        elif first in _ELIDED:
            # L'Aquila, D'Artagnan: names; l'an would become another word.
            if found[2][0].isupper() and len(second) >= _SHORTEST_ELIDED:
                yield first + second
        elif second not in _ENDINGS and len(first + second) >= _SHORTEST:
            yield first + second
    elif found := _CAPITALS.fullmatch(word):
        yield f"{found[1]} {found[2]}".lower()
    elif (whole := fold(word).strip()) in _WHOLE:
        yield _WHOLE[whole]
