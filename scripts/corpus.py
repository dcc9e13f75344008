"""Generated messages in the users' languages, used to measure the sizes and times of docs/performance.md.

Each language has letters, a vocabulary whose words are used as Zipf's law says, and words that come once; Chinese,
Japanese, Thai and Korean are written as they are written, without spaces or with particles. A text has 400 bytes of
UTF-8 on average, some are short and some long. The same seed gives the same messages.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import TypeAlias

import orjson

from archiver.model.record import Channel, Media, Message

MEAN_BYTES = 400
CHANNELS = 104
_START, _END = 1_546_300_800, 1_640_995_200  # 2019 to 2021
_FIRST_CHANNEL, _FIRST_ORIGIN = 1_500_000_000, 1_700_000_000
_KINDS = ("photo",) * 10 + ("video",) * 4 + ("document",) * 2 + ("webpage",) * 3 + ("voice", "poll")
_MEDIA, _FORWARDED = 0.5, 0.1
_SPREAD = 0.9
"""Of the logarithm of the length."""
_NEW = 0.02
"""Share of words that come once: names, typing errors."""
_NUMBERS = 0.02
_NO_BYTES = hashlib.sha256(b"").digest()

Post: TypeAlias = tuple[datetime, str, random.Random]


@dataclass(frozen=True, slots=True)
class Language:
    """How to generate a language."""

    code: str
    heads: str
    """Letters with which syllables begin."""
    vowels: str
    width: int
    """Bytes of a letter."""
    syllables: tuple[int, ...] = (1, 1, 2, 2, 2, 3, 3, 4)
    words: int = 50_000
    endings: tuple[str, ...] = ("",)
    space: str = " "
    stop: str = ", "


def _chars(first: int, count: int, step: int = 1) -> str:
    return "".join(chr(first + at * step) for at in range(count))


_CYRILLIC = "бвгджзклмнпрстфхцчшщ"
_LATIN = "bcdfghjklmnprstvz"
LANGUAGES = (
    Language("ar", "ابتثجحخدذرزسشصضطعغفقكلمنهوي", "اوي", 2, (1, 2, 2, 3), endings=("", "", "ة", "ات", "ين", "ها")),
    Language("fa", "ابپتجچخدرزسشصغفقکگلمنهوی", "اوی", 2, (1, 2, 2, 3), endings=("", "", "ها", "ی", "\u200cها", "ان")),
    Language("ru", _CYRILLIC, "аеиоуыя", 2, endings=("", "", "а", "ов", "ами", "ого", "ть", "ла")),
    Language("uk", _CYRILLIC + "ґ", "аеиіоуяїє", 2, endings=("", "", "а", "ів", "ами", "ого", "ти", "ла")),
    Language("fr", _LATIN, "aeiouéè", 1, (1, 1, 1, 2, 2, 3), endings=("", "", "s", "e", "es", "ment", "tion")),
    Language("en", _LATIN + "wy", "aeiou", 1, (1, 1, 1, 2, 2, 3), endings=("", "", "s", "ed", "ing", "er")),
    Language("de", _LATIN + "w", "aeiouüä", 1, (1, 1, 2, 2, 3, 4), endings=("", "", "en", "er", "e", "ung")),
    Language("tr", _LATIN + "ğşç", "aeıioöuü", 1, endings=("", "", "ler", "de", "in", "nda")),
    Language("he", "אבגדהוזחטיכלמנסעפצקרשת", "אוי", 2, (1, 2, 2, 3), endings=("", "", "ים", "ות", "ה")),
    Language("zh", _chars(0x4E00, 3500, 5), "", 3, (1, 2, 2, 2, 3), 40_000, space="", stop="，"),
    Language("ja", _chars(0x4E00, 2000, 9), "", 3, (1, 2, 2, 2), 40_000, ("の", "を", "は", "した", "で"), "", "、"),
    Language("ko", _chars(0xAC00, 1400, 8), "", 3, (1, 2, 2, 3), 40_000, ("", "은", "를", "에서", "이", "했다")),
    Language("th", "กขคงจชซดตถทนบปผพมยรลวสหอ", "ะาิีุูเแโ่้", 3, (1, 1, 2, 2, 3), 30_000, space="", stop=" "),
)  # fmt: skip


def make_texts(
    count: int, *, seed: int = 1, languages: tuple[Language, ...] = LANGUAGES, mean_bytes: int = MEAN_BYTES
) -> Iterator[tuple[str, str]]:
    """`count` texts, each with its language code; every language has the same share of the bytes."""
    chance = random.Random(seed)
    speakers = [(language, _speaker(language, chance)) for language in languages]
    for _ in range(count):
        language, speak = chance.choice(speakers)
        size = min(8 * mean_bytes, max(20.0, chance.lognormvariate(0, _SPREAD) * mean_bytes * 0.65))
        yield language.code, speak(int(size))


def _speaker(language: Language, chance: random.Random) -> Callable[[int], str]:
    vocabulary = _vocabulary(language, chance)
    weights, alone = _zipf(len(vocabulary)), _zipf(len(language.heads))
    drop, choices = language.width * 3, chance.choices

    def speak(size: int) -> str:
        text, length = [], 0
        while length < size:
            for word in choices(vocabulary, cum_weights=weights, k=16):
                kind = chance.random()
                if kind < _NEW:
                    word = _word(language, alone, chance)  # noqa: PLW2901 - the other kind of word
                elif kind < _NEW + _NUMBERS:
                    word = str(chance.randrange(1, 3000))  # noqa: PLW2901 - see above
                text.append(word)
                length += len(word) * (language.width if ord(word[0]) > 127 else 1) + len(language.space)
                if length >= size - drop:
                    return _join(language, text, chance)
        return _join(language, text, chance)

    return speak


def _join(language: Language, words: list[str], chance: random.Random) -> str:
    parts, at = [], 0
    while at < len(words):
        end = at + chance.randrange(5, 12)
        parts.append(language.space.join(words[at:end]))
        at = end
    return language.stop.join(parts) + "."


def _vocabulary(language: Language, chance: random.Random) -> list[str]:
    weights = _zipf(len(language.heads))
    return list({_word(language, weights, chance): None for _ in range(language.words)})


def _zipf(count: int) -> list[float]:
    """Cumulative weights by rank."""
    return list(accumulate(1 / (rank + 2.7) for rank in range(count)))


def _word(language: Language, weights: list[float], chance: random.Random) -> str:
    """Syllables of a beginning and a vowel, and an ending; without vowels, of characters."""
    count = chance.choice(language.syllables)
    parts = chance.choices(language.heads, cum_weights=weights, k=count)
    if language.vowels:
        parts = [part + chance.choice(language.vowels) for part in parts]
    return "".join(parts) + chance.choice(language.endings)


def fill_archive(directory: Path, count: int, *, seed: int = 1, mean_bytes: int = MEAN_BYTES) -> None:
    """Create an archive of `count` messages in `CHANNELS` channels, newest first as a backfill stores them.

    It is written as the mirror writes, page by page through `archiver.mirror.apply`, with an empty payload for each
    message.
    """
    asyncio.run(_fill(directory, _share_out(count, seed, mean_bytes)))


async def _fill(directory: Path, by_channel: dict[int, list[Post]]) -> None:
    from archiver.mirror.apply import apply_page
    from archiver.store.channels.channel import find_channel, upsert_channel
    from archiver.store.database import Database
    from archiver.store.messages.message import Sighting
    from search.exact import writer as exact

    sighting = Sighting(now=_END, origin="history", generation=1)
    async with await Database.open(directory) as database:
        await database.write(exact.create)
        for number, posts in sorted(by_channel.items()):
            channel = Channel(channel_id=_FIRST_CHANNEL + number, access_hash=0, title=f"Channel {number}")
            await database.write(partial(upsert_channel, channel=channel, now=_END))
            mirrored = await database.read(find_channel, channel.channel_id)
            assert mirrored is not None
            for at in range(0, len(posts), 100):
                page = [
                    _message(
                        channel.channel_id, len(posts) - at - step, *post, lang=LANGUAGES[number % len(LANGUAGES)].code
                    )
                    for step, post in enumerate(posts[at : at + 100])
                ]
                await database.write(partial(apply_page, channel=mirrored, seen=page, proven=None, sighting=sighting))


def _share_out(count: int, seed: int, mean_bytes: int) -> dict[int, list[Post]]:
    """The posts of each channel, newest first: a channel has one language, some post a hundred times as much."""
    chance = random.Random(seed)
    codes = {language.code: at for at, language in enumerate(LANGUAGES)}
    posts: dict[int, list[Post]] = {}
    for at, (code, text) in enumerate(make_texts(count, seed=seed, mean_bytes=mean_bytes)):
        number = int(chance.paretovariate(0.7)) % (CHANNELS // len(LANGUAGES)) * len(LANGUAGES) + codes[code]
        date = datetime.fromtimestamp(_END - (_END - _START) * at // count, UTC)
        posts.setdefault(number, []).append((date, text, chance))
    return posts


def _message(
    channel_id: int, message_id: int, date: datetime, text: str, chance: random.Random, *, lang: str
) -> Message:
    media = (Media(slot=0, kind=chance.choice(_KINDS), id=str(message_id)),) if chance.random() < _MEDIA else ()
    origin = None
    if chance.random() < _FORWARDED:
        from_id = {"type": "channel", "id": _FIRST_ORIGIN + int(chance.paretovariate(0.8)) % 2000}
        origin = orjson.dumps({"from_id": from_id, "channel_post": chance.randrange(1, 9999)}).decode()
    return Message(
        channel_id=channel_id,
        message_id=message_id,
        kind="message",
        date=date,
        text=text,
        lang=lang,
        fwd_from=origin,
        media=media,
        views=int(chance.paretovariate(0.6) * 100) % 2_000_000,
        forwards=chance.randrange(100),
        content_hash=b"",
        payload_sha256=_NO_BYTES,
        layer=0,
        raw=b"",
    )
