"""Find persons in a text: by its entities, and by the form of names, addresses and numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from archiver.export.pseudonyms.labels import Pseudonyms
from archiver.export.pseudonyms.links import INNER, PersonLinks
from archiver.export.pseudonyms.replacing import Replacement, merge, move_entities, replace_spans
from archiver.formatting.ranges import MarkedRange, list_ranges

_EMAIL: Final = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}(?:[A-Za-z]{2,24}(?![A-Za-z0-9_])|[^\W\d_]{2,24}(?!\w))"
)
_CHAIN: Final = re.compile(r"(?<![A-Za-z0-9/.])[@＠]\w+(?:[/@＠]+\w+)*")
"""Names that follow each other without a space; names after only a slash belong to other sites.

Only Latin letters before or after belong to a name, address or number: Chinese is written without spaces, and in Arabic
some are left out.
"""
_MENTION: Final = re.compile(r"[@＠]([A-Za-z][A-Za-z0-9_]{3,31})(?![A-Za-z0-9_])")
_TELEGRAM: Final = r"(?:t|telegram)\.(?:me|dog)"
_LINK: Final = re.compile(
    rf"(?<![A-Za-z0-9_/.@-])(?:(?:https?://)?(?:[\w-]{{1,32}}\.)?{_TELEGRAM}(?::[0-9]{{1,5}})?/"
    r"|(?:https?://)?web\.telegram\.org/|(?:https?://)?(?:wa\.me|(?:api\.|www\.)?whatsapp\.com)/"
    r"|whatsapp://|tg:(?://)?)[^\s<>\"'()\[\],;|،؛؟。，、\u200b-\u200f\u2060\ufeff]{1,300}"
    rf"|(?<![A-Za-z0-9_/.@-])(?:https?://)?[a-z]\w{{3,31}}\.{_TELEGRAM}/?(?![\w-]|\.\w)",
    re.IGNORECASE,
)
_PHONE: Final = re.compile(r"(?<![A-Za-z0-9_+＋/=&?-])[+＋]\d(?:[ ().-]{0,2}\d){6,14}(?![A-Za-z0-9_])")
_MAY_MATTER: Final = re.compile(r"[@＠+＋]|t\.me|telegram\.|wa\.me|whatsapp|tg:", re.IGNORECASE)


class PersonTexts:
    """Rewrites texts with their entities."""

    def __init__(self, names: Pseudonyms, links: PersonLinks) -> None:
        self._names, self._links = names, links
        self._by_kind: dict[str, Callable[[str], str]] = {
            "mention": self.mention,
            "url": links.rewrite,
            "email": names.email,
            "phone": names.phone,
            "bank_card": self._card,
        }

    def rewrite(self, text: str, entities: Sequence[Any] = ()) -> tuple[str, list[Any]]:
        """The text and its entities, without persons."""
        marked = [self._of_entity(entity) for entity in entities]
        if not entities and _MAY_MATTER.search(text) is None:
            return text, marked
        spans = merge([*self._of_entities(text, entities), *self._of_looks(text)])
        return replace_spans(text, spans), move_entities(text, marked, spans)

    def plain(self, text: str) -> str:
        """A text without entities."""
        return self.rewrite(text)[0]

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
        name = words.strip().lstrip("@＠")
        return words if not name or self._links.is_kept(name) else f"@{self._names.username(name)}"

    def _card(self, number: str) -> str:
        return self._names.other("card", "".join(one for one in number if one.isdigit()))

    def _of_entity(self, entity: Any) -> Any:
        """The entity with its own details rewritten."""
        if not isinstance(entity, dict):
            return entity
        made = dict(entity)
        if isinstance(made.get("url"), str):
            made["url"] = self._links.rewrite(made["url"])
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
        if _MAY_MATTER.search(text) is None:
            return
        for found in _EMAIL.finditer(text):
            yield Replacement(*found.span(), self._names.email(found[0]))
        for found in _LINK.finditer(text):
            link = found[0].rstrip(".,;:!?…")
            if (instead := self._links.rewrite(link)) != link:
                yield Replacement(found.start(), found.start() + len(link), instead)
        for found in INNER.finditer(text):
            if (instead := self._links.inner(found[1])) != found[1]:
                yield Replacement(*found.span(1), instead)
        for chain in _CHAIN.finditer(text):
            for found in _MENTION.finditer(text, *chain.span()):
                if (instead := self.mention(found[0])) != found[0]:
                    yield Replacement(*found.span(), instead)
        for found in _PHONE.finditer(text):
            yield Replacement(*found.span(), self._names.phone(found[0]))
