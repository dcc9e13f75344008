"""German umlauts written as two letters: Bruecke for Brücke, which folds to `brucke`. Pure.

The two letters may also be two sounds (`Poesie`, `neue`, `does`, `pueblo`), so only syllables that have an umlaut in
German, and occur in no common word of another language, are replaced.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_SYLLABLES: Final = """
aehnl aemt aend aelt aerzt aeuss ^aeg baerb baeck baeum haeus haeuf haend haelft haelt haeft haett kaempf kaelt kaeuf
laend laeng laeuf laess maenn maerk maerz maedch naech naeh plaen plaetz praes praed itaet raeum raeub saetz schaed
schaef schaetz spaet staed staend staerk taeg taet taeus traeg vaeter waeh waelt waeld waend waer zaehl zaeun jaehr jaeg
gaest gaeng gefaehr erklaer faell faeng faehr faehig geraet gespraech glaeub kraeft kraenk militaer draeng schlaeg
schwaech boerse boese broetch doerf foerd froehl goett groess hoech hoef hoeh hoer hoell koenig koenn koepf koerp koeln
koest loese loest loesu loesch loewe moech moeg moerd moebel noerd noet oeffn oeffent oesterr oestl ^oel roehr schoen
schroed soehn stoer stroem toedl toet toecht troest voelk voell woech woert zoell zwoelf bloed bruecke bruech bruess
buech buend buerg buero buehn duenn duerf duesse duest fluecht fluegel fluess ^fuers?$ fuehr fuell fuenf fueng fuerst
fuess gemuese gluec gruen gruess guenst guert gueter guelt huett huegel huelf juedi juend juenge kuech kuehl kuehn kuemm
kuend kuenf kuenst kuerz kuest luebec luecke luef luegen lueneb muede muehe muehl muell muench muend muenz muess muett
natuerl nuern nuetz pruef rueck ^ruest aufruest ruehr ruehm saeur schluess schuel schuetz schuess schuett suedl suedo
sueds suedw suess suend spuer sprueh stueck stuerm stuerz stuetz thuering tuerk ueber ^uebel ^ueben ^uebung ^uebri
verfueg fuegt fuegen wuens wuerd wuerf wuerz wuerttem wuest wuet zuend zueg zueric tuecht huehn
"""
_LETTERS: Final = re.compile("([aou])e(?!u)")


def without_umlauts(word: str) -> str:
    """Rewrite two-letter umlauts the way folding writes umlauts."""
    return _umlaut().sub(lambda found: _LETTERS.sub(r"\1", found[0]), word) if "e" in word else word


@cache
def _umlaut() -> re.Pattern[str]:
    """Compiled on first use: it takes 3 ms, which every start of the command would pay for."""
    return re.compile("|".join(_SYLLABLES.split()))


def with_umlauts(stem: str) -> list[str]:
    """Return the spellings of a stem with one of its vowels written as a two-letter umlaut."""
    spelled = (f"{stem[:at]}e{stem[at:]}" for at in range(1, len(stem) + 1) if stem[at - 1] in "aou")
    return [one for one in spelled if without_umlauts(one) != one]
