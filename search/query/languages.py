"""Codes of languages, and the names that people type for them. Pure. ISO 639-1."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from search.text.normalize import fold

_CODES: Final = """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo
    es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg
    ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn
    no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw
    ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
_NAMES: Final = """
    ar arabic ara عربي العربية عربية; fa persian farsi fas per فارسی; ru russian rus русский;
    uk ukrainian українська ukr;
    be belarusian bel беларуская; en english eng; fr french fra fre français; de german deu ger deutsch;
    es spanish spa español castellano; it italian ita italiano; pt portuguese por português; tr turkish tur türkçe;
    he hebrew heb iw עברית; zh chinese zho chi mandarin 中文 汉语 漢語; ja japanese jpn 日本語; ko korean kor 한국어;
    pl polish pol polski; nl dutch nld dut nederlands; el greek ell gre ελληνικά; cs czech ces cze čeština;
    ro romanian ron rum română; hu hungarian hun magyar; bg bulgarian bul български; sr serbian srp српски srpski;
    hr croatian hrv hrvatski; sv swedish swe svenska; fi finnish fin suomi; da danish dan dansk; no norwegian nor norsk;
    ku kurdish kur kurdî کوردی; ps pashto pus پښتو; ur urdu urd اردو; hi hindi hin हिन्दी; bn bengali ben বাংলা;
    az azerbaijani aze; hy armenian hye հայերեն; ka georgian kat ქართული; kk kazakh kaz қазақша; uz uzbek uzb;
    tg tajik tgk тоҷикӣ; th thai tha ไทย; vi vietnamese vie; id indonesian ind in; ms malay msa; am amharic amh አማርኛ;
    ti tigrinya tir; so somali som; sw swahili swa; my burmese mya; ug uyghur uig; et estonian est; lv latvian lav;
    lt lithuanian lit; sk slovak slk; sl slovenian slv; sq albanian sqi; mk macedonian mkd; yi yiddish yid
"""


@cache
def language_names() -> Mapping[str, str]:
    """Codes by name, folded."""
    groups = (group.split() for group in _NAMES.split(";"))
    return {fold(name).strip(): code for code, *names in groups for name in names}


def find_code(text: str) -> str | None:
    """Return the code of a language, given by code (also zh-CN) or name; None if there is none."""
    bare = text.replace("_", "-").partition("-")[0]
    return bare if bare in _CODES.split() else language_names().get(fold(text).strip())
