"""British spellings rewritten as American ones, so that both get the same key: colour, organised, centre. Pure.

Whether the result is a word does not matter (`advised` becomes `advized`), as long as all forms of a word are treated
alike and no other word has the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_OUR: Final = """
    arb ard arm behavi cand clam col demean endeav fav ferv flav glam harb hon hum lab neighb od parl ranc rig rum savi
    sav splend succ tum val vap vig
"""
_RE: Final = "calib cent fib lit lust meag met mit och sab scept somb spect theat"
_BEGINNINGS: Final = """
    defence:defense offence:offense licence:license pretence:pretense practise:practice
    catalogue:catalog dialogue:dialog analogue:analog monologue:monolog prologue:prolog epilogue:epilog
    paediatric:pediatric orthopaedic:orthopedic anaesth:anesth anaemi:anemi haemo:hemo leukaemi:leukemi
    archaeolog:archeolog encyclopaedi:encyclopedi mediaeval:medieval foetus:fetus foetal:fetal diarrhoea:diarrhea
    caesarean:cesarean gynaecolog:gynecolog paedophil:pedophil aeroplane:airplane manoeuvre:maneuver manoeuvri:maneuveri
    plough:plow jeweller:jewelr jewelry:jewelry aluminium:aluminum pyjama:pajama moustache:mustache sceptic:skeptic
    draught:draft mould:mold smoulder:smolder artefact:artifact ageing:aging judgement:judgment fulfil:fulfill
    acknowledgement:acknowledgment enrol:enroll instalment:installment skilful:skillful wilful:willful sulphur:sulfur
    yoghurt:yogurt counsellor:counselor traveller:traveler councillor:councilor marvellous:marvelous woollen:woolen
    paralyse:paralyze paralysing:paralyzing analyse:analyze analysing:analyzing catalyse:catalyze catalysing:catalyzing
"""
_WHOLE: Final = "grey:gray tyre:tire kerb:curb cheque:check gaol:jail furore:furor cosy:cozy programme:program"
_PAIRS: Final[dict[str, str]] = {
    **{f"{stem}our": f"{stem}or" for stem in _OUR.split()},
    **{f"kilo{stem}re": f"kilo{stem}er" for stem in ("met", "lit")},
    **dict(pair.split(":") for pair in _BEGINNINGS.split()),
}
_BEGINS: Final = re.compile(f"(?:{'|'.join(sorted(_PAIRS, key=len, reverse=True))})")
_IN_RE: Final = re.compile(f"((?:kilo|centi|milli|amphi|epi)?(?:{'|'.join(_RE.split())}))re(s|d)?")
_AMERICAN_RE: Final = re.compile(_IN_RE.pattern.replace("re(s|d)?", "er"))
_WHOLES: Final = {
    f"{british}{ending}": f"{american}{ending}"
    for british, american in (pair.split(":") for pair in _WHOLE.split())
    for ending in ("", "s")
}
_IN_ISE: Final = re.compile("(.{2,}[^aeiouw])is(e[drs]?|ers|ing|ations?|ational|able)")


def american(word: str) -> str:
    """Return the American spelling of a folded word, or what would be one."""
    if whole := _WHOLES.get(word):
        return whole
    if found := _IN_RE.fullmatch(word):
        return f"{found[1]}er{_AFTER_RE[found[2]]}"
    if found := _BEGINS.match(word):
        word = _replace(found[0], _PAIRS[found[0]], word)
    found = _IN_ISE.fullmatch(word)
    return f"{found[1]}iz{found[2]}" if found else word


_AFTER_RE: Final = {None: "", "s": "s", "d": "ed"}


def _replace(british: str, american: str, word: str) -> str:
    rest = word[len(british) :]
    if american.startswith(british) and word.startswith(american):
        return word
    # catalogued, cataloged
    return f"{american}e{rest}" if rest == "d" and american[-1] != "e" else f"{american}{rest}"


def british(stem: str) -> Iterator[str]:
    """Yield beginnings of the British spellings of an American stem."""
    for before, after in (*_PAIRS.items(), *_WHOLES.items()):
        if stem.startswith(after.removesuffix("e")):
            yield before.removesuffix("e")
    if found := _AMERICAN_RE.match(stem):
        yield f"{found[1]}r"
    if (at := stem.rfind("iz")) > 1:
        yield f"{stem[:at]}is"
