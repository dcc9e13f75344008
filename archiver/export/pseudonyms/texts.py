"""Find persons in a text: by its entities, and by the form of names, addresses and numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from archiver.export.pseudonyms.disguise import undisguise
from archiver.export.pseudonyms.labels import Pseudonyms
from archiver.export.pseudonyms.links import CALLS, INNER, PersonLinks
from archiver.export.pseudonyms.replacing import Replacement, merge, move_entities, replace_spans
from archiver.formatting.ranges import MarkedRange, list_ranges

_EMAIL: Final = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}(?:[A-Za-z]{2,24}(?![A-Za-z0-9_])|[^\W\d_]{2,24}(?!\w))"
)
_HOSTS: Final = r"(?:(?:t|telegram)\.(?:me|dog)|web[a-z]?\.telegram\.org)"
_MENTION: Final = re.compile(
    rf"(?<![\w.-])(?!(?:www\.)?{_HOSTS})(?:[\w-]{{1,63}}\.){{1,6}}[A-Za-z]{{2,24}}(?::[0-9]{{1,5}})?/[\w./%~+:-]{{0,200}}@\w+"
    r"|@(?P<name>[A-Za-z][A-Za-z0-9_]{3,31})(?![A-Za-z0-9_])"
    r"|(?<![A-Za-z0-9_.%+@-])(?P<before>[A-Za-z][A-Za-z0-9_]{3,31})@(?![A-Za-z0-9_])"
)
"""A name, before the @ as well, which writers of Arabic mix up; or a profile on another site, which has no name.

Only Latin letters after a name, address or number belong to it: Chinese is written without spaces, and in Arabic some
are left out.
"""
_LINK: Final = re.compile(
    rf"(?=[a-z])(?<![A-Za-z0-9_/.@-])(?:(?:https?://)?(?:[a-z0-9_-]{{1,32}}\.)?(?:{_HOSTS}|(?:wa|signal|viber|zalo)\.me"
    r"|(?:(?:api|web|chat|www)\.)?whatsapp\.com|chats\.viber\.com)(?::[0-9]{1,5})?\.?/"
    r"|(?:intent|sgnl|signal|viber|whatsapp|tonsite)://|tg:(?://)?)(?:(?![<>\"'()\[\],;|*`])[!-~]){1,300}"
    rf"|(?=[a-z])(?<![A-Za-z0-9_/.@-])(?:https?://)?[a-z][a-z0-9_]{{3,31}}\.{_HOSTS}/?(?![\w-]|\.\w)",
    re.IGNORECASE | re.ASCII,
)
_DAY: Final = r"(?:[0-2٠-٢۰-۲]?\d|[3٣۳][01٠١۰۱])"
_YEAR: Final = r"(?:[1١۱][9٩۹]|[2٢۲][0٠۰])\d\d"
_DATE: Final = rf"(?<!\d)(?:{_YEAR}[-./]{_DAY}[-./]{_DAY}|{_DAY}[-./]{_DAY}[-./]{_YEAR})(?!\d)"
_DIGIT: Final = rf"(?!{_DATE})\d"
_GAP: Final = r"(?:[^\S\n]|[().*/\u2010-\u2013-]){0,3}"
_NEXT: Final = rf"{_GAP}{_DIGIT}"
_PHONE: Final = re.compile(
    r"(?<=[A-Za-z])\+\d{10,15}(?![A-Za-z0-9_])"
    rf"|(?<![A-Za-z\d_+])(?<!\d[ ])(?!\+\d{{1,3}}\.\d{{4,6}}(?!{_GAP}\d))"
    rf"\+(?:\(?(?=\d)|[ ]\(?(?=\d(?:{_NEXT}){{9}})){_DIGIT}(?:{_NEXT}){{6,14}}"
    r"(?![A-Za-z0-9_])"
    rf"|(?<![A-Za-z\d_.,:/+-])(?<!\d[ ])(?:00|٠٠|۰۰){_GAP}(?![0٠۰]){_DIGIT}(?:{_NEXT}){{8,13}}(?![A-Za-z0-9_])"
    rf"|(?<![A-Za-z\d_.,+])(?<!\d[ ]){_DIGIT}(?:{_NEXT}){{9,14}}[ ]?\+(?![A-Za-z\d_+]|[ ]\d)"
)
"""Excludes numbers that start with or continue as a date, and coordinates (`+33.315200`)."""
_CALLED: Final = re.compile(
    rf"(?!(?<=IMO)[:.][ ]?\d{{7}}(?!\d))[.:]{{1,2}}[ ]?(?://)?(\+?{_DIGIT}(?:{_NEXT}){{6,14}})(?![A-Za-z0-9_])"
)
"""Excludes IMO ship numbers, which have seven digits."""
_CALL: Final = re.compile(
    rf"(?<![A-Za-zЀ-ӿ])(?:{'|'.join(sorted(CALLS))}|phone|mobile|tél|téléphone|тел|телефон|моб|вайбер|ватсап|هاتف|الهاتف"
    r"|تلفون|موبايل|جوال|واتساب|فايبر|تلفن|موبایل|همراه|واتساپ|电话|電話|手机)[ ]?\Z",
    re.IGNORECASE,
)
"""Labels of phone numbers written without +: `Tel: 0770 123 4567`."""
_LONGEST_CALL: Final = 12
_SITES: Final = (".me", ".dog", "telegram.", "whatsapp.", "viber.", "fragment.com", "://", "tg:")
_NUMBERS: Final = ("+", "00", "٠٠", "۰۰")
"""A text with none of these and no @ names no person."""


class PersonTexts:
    """Rewrites texts with their entities."""

    def __init__(self, names: Pseudonyms, links: PersonLinks) -> None:
        self._names, self._links = names, links
        self._by_kind: dict[str, Callable[[str], str]] = {
            "mention": self.mention,
            "url": self.address,
            "email": names.email,
            "phone": names.phone,
            "bank_card": self._card,
        }

    def rewrite(self, text: str, entities: Sequence[Any] = ()) -> tuple[str, list[Any]]:
        """The text and its entities, without persons."""
        marked = [self._of_entity(entity) for entity in entities]
        spans = merge([*self._of_entities(text, entities), *self._of_looks(text)])
        return (replace_spans(text, spans), move_entities(text, marked, spans)) if spans else (text, marked)

    def plain(self, text: str) -> str:
        """A text without entities."""
        return self.rewrite(text)[0]

    def address(self, url: str) -> str:
        """A link: one that leads nowhere instead of one to a person, and no person within another."""
        made = self._links.rewrite(url)
        return self.plain(url) if made == url else made

    def names_person(self, url: object) -> bool:
        """Whether a link leads to a person, or names one."""
        return isinstance(url, str) and self.address(url) != url

    def replace(self, text: str, known: Mapping[str, str]) -> str:
        """A text without entities, with these words replaced as well."""
        found = [
            Replacement(at.start(), at.end(), instead)
            for words, instead in known.items()
            for at in re.finditer(re.escape(words), text)
        ]
        return replace_spans(text, merge([*found, *self._of_looks(text)]))

    def mention(self, words: str) -> str:
        """Replace `@name`, unless it is a channel or a bot."""
        name = undisguise(words).text.strip().strip("@")
        return words if not name or self._links.is_kept(name) else f"@{self._names.username(name)}"

    def _card(self, number: str) -> str:
        return self._names.other("card", "".join(one for one in number if one.isdigit()))

    def _of_entity(self, entity: Any) -> Any:
        """The entity with its own details rewritten."""
        if not isinstance(entity, dict):
            return entity
        made = dict(entity)
        if isinstance(made.get("url"), str):
            made["url"] = self.address(made["url"])
        if type(made.get("user_id")) is int:
            made["user_id"] = self._names.user_id(made["user_id"])
        if isinstance(made.get("old_text"), str):
            made["old_text"] = self.plain(made["old_text"])
        return made

    def _of_entities(self, text: str, entities: Sequence[Any]) -> Iterator[Replacement]:
        for one in list_ranges(text, entities) if entities else ():
            words = text[one.start : one.end]
            instead = self._instead(one, words)
            if instead is not None and instead != words:
                yield Replacement(one.start, one.end, instead)

    def _instead(self, one: MarkedRange, words: str) -> str | None:
        number = one.details.get("user_id")
        if one.kind == "mention_name" or type(number) is int:
            return self._names.person(number) if type(number) is int else self._names.named(words)
        made = self._by_kind.get(one.kind)
        return None if made is None else made(words)

    def _of_looks(self, text: str) -> Iterator[Replacement]:
        meant = undisguise(text)
        for start, end, instead in self._in_plain(meant.text):
            yield Replacement(*meant.written(start, end), instead)

    def _in_plain(self, text: str) -> Iterator[tuple[int, int, str]]:
        small = text.lower()
        if "@" in text:
            yield from self._around_at(text)
        if any(one in small for one in _SITES):
            for found in _LINK.finditer(text):
                link = found[0].rstrip(".,;:!?…")
                if (instead := self._links.rewrite(link)) != link:
                    yield found.start(), found.start() + len(link), instead
            yield from filter(None, map(self._links.inner, INNER.finditer(text)))
        if any(one in text for one in _NUMBERS):
            for found in _PHONE.finditer(text):
                yield *found.span(), self._names.phone(found[0])
        for found in _CALLED.finditer(text):
            if _CALL.search(text, max(0, found.start() - _LONGEST_CALL), found.start()):
                yield *found.span(1), self._names.phone(found[1])

    def _around_at(self, text: str) -> Iterator[tuple[int, int, str]]:
        for found in _EMAIL.finditer(text):
            yield *found.span(), self._names.email(found[0])
        for found in _MENTION.finditer(text):
            if (name := found["name"] or found["before"]) and not self._links.is_kept(name):
                instead = self._names.username(name)
                yield *found.span(), f"@{instead}" if found["name"] else f"{instead}@"
