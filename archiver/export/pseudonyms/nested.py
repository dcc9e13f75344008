"""Rewrite persons in nested values of a row: actions, attachments, blocks of rich messages, forward headers. Pure.

The values are made from Telegram's objects, and each layer adds new ones. So fields are recognised anywhere by their
name and shape, not by a list of objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from archiver.export.pseudonyms.labels import Pseudonyms
from archiver.export.pseudonyms.links import PersonLinks
from archiver.export.pseudonyms.texts import PersonTexts

_IDS: Final = frozenset(
    {"user_id", "users", "winners", "inviter_id", "new_creator_id", "participant_id", "auto_setting_from", "admin_id"}
)
"""Fields with the id of a person, or a list of them."""
_NAMES: Final = frozenset(
    {"first_name", "last_name", "from_name", "saved_from_name", "owner_name", "post_author", "author", "from_rank"}
)
_DROPPED: Final = frozenset({"vcard", "shipping_address", "quote_offset"})
_WALLETS: Final = frozenset({"owner_address", "gift_address"})
_PHONES: Final = frozenset({"phone_number", "phone"})
_LINKS: Final = frozenset({"url", "display_url", "embed_url"})
_MARKED: Final = {
    "quote_text": "quote_entities",
    "solution": "solution_entities",
    "caption": "entities",
    "text": "entities",
}
_PERSON_TEXTS: Final = frozenset({"TextMention", "TextMentionName", "TextEmail", "TextAutoEmail", "TextPhone"})
_DESKTOP_TEXTS: Final = frozenset({"mention", "mention_name", "email", "phone"})
OPAQUE: Final = frozenset(
    {"_", "type", "kind", "id", "mime", "sha256", "path", "status", "constructor", "tl", "waveform", "option", "date"}
)
"""Fields whose text is not prose."""
_PEER: Final = re.compile(r"(user|)([0-9]{1,19})")
_USER: Final = re.compile(r"user[0-9]{1,19}")
"""A person as Telegram Desktop writes it."""
_CARD: Final = re.compile(r"(.+)(\.(?:vcf|vcard))", re.IGNORECASE | re.DOTALL)
"""The file name of a contact, which is a person's."""
CHATS: Final = re.compile(r"(?:channel|chat)[0-9]{1,19}")


class NestedPersons:
    """Rewrites values, and remembers the words that it replaced, for `words`."""

    def __init__(self, names: Pseudonyms, links: PersonLinks, texts: PersonTexts) -> None:
        self._names, self._links, self._texts = names, links, texts
        self.replaced: dict[str, str] = {}

    def value(self, value: Any, key: str = "") -> Any:
        """The value without persons. `key`: its field."""
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            return [self.value(one, key) for one in value]
        return self._string(key, value) if isinstance(value, str) else value

    def peer(self, peer: dict[str, Any]) -> dict[str, Any]:
        """A person, {type, id, name, username}; a channel stays."""
        if peer.get("type") != "user":
            return peer
        made = {**peer, "id": self._id(peer.get("id"))}
        if peer.get("name"):
            made["name"] = self._person(peer.get("id"), str(peer["name"]))
        if peer.get("username"):
            made["username"] = self._names.username(str(peer["username"]))
        return made

    def slot(self, slot: dict[str, Any]) -> dict[str, Any]:
        """An attachment."""
        made: dict[str, Any] = self._object(slot)
        extra = slot.get("extra") or {}
        if slot.get("kind") == "contact":
            number = extra.get("user_id")
            made["title"] = self._person(number, str(slot["title"])) if slot.get("title") else slot.get("title")
        elif slot.get("kind") == "webpage" and (
            extra.get("type") == "telegram_user" or self._texts.names_person(slot.get("url"))
        ):
            made["title"] = self._names.named(str(slot["title"])) if slot.get("title") else slot.get("title")
            made["extra"] = {**made["extra"], **{key: None for key in ("description",) if key in extra}}
        elif marks := next((extra[key] for key in ("question_entities", "title_entities") if extra.get(key)), None):
            which = "question_entities" if extra.get("question_entities") else "title_entities"
            made["title"], entities = self._texts.rewrite(str(slot.get("title") or ""), marks)
            made["extra"] = {**made["extra"], which: entities}
        return made

    def bot(self, bot: dict[str, Any]) -> dict[str, Any]:
        """The bot of `via_bot`. Without an id an imported file claims it: a person, unless its name is a bot's."""
        name = str(bot.get("username") or "")
        if bot.get("id") is not None or self._links.is_kept(name):
            return bot
        return {**self.peer({**bot, "type": "user"}), "type": bot.get("type")}

    def _profile_button(self, button: Mapping[str, Any]) -> dict[str, Any]:
        """A button that leads to a person; imported ones have the id in `data`."""
        made: dict[str, Any] = {
            key: self._string(key, one) if isinstance(one, str) else one for key, one in button.items()
        }
        number = button.get("user_id", button.get("data"))
        known = _PEER.fullmatch(str(number))
        made["text"] = self._person(int(known[2]) if known else None, str(button.get("text") or "-"))
        return {**made, **{key: self._id(button[key]) for key in ("user_id", "data") if key in button}}

    def words(self, text: str) -> str:
        """The plain text of blocks that have been rewritten."""
        return self._texts.replace(text, self.replaced)

    def _object(self, thing: Mapping[str, Any]) -> dict[str, Any]:
        if str(thing.get("_")) in _PERSON_TEXTS or _is_desktop_person(thing):
            return self._person_text(thing)
        if thing.get("type") == "user" and "id" in thing:
            return self.peer(dict(thing))
        if thing.get("type") == "user_profile":
            return self._profile_button(thing)
        made: dict[str, Any] = {}
        for key, value in thing.items():
            if key not in made:
                made[key] = self._field(key, value, thing, made)
        if _is_user(thing.get("from_id")) and thing.get("name"):
            made["name"] = self._person(thing["from_id"].get("id"), str(thing["name"]))
        if thing.get("username") and (_is_user(thing.get("from_id")) or "user_id" in thing):
            made["username"] = self._names.username(str(thing["username"]))
        if thing.get("_") == "PaymentRequestedInfo" and thing.get("name"):
            made["name"] = self._names.named(str(thing["name"]))
        return made

    def _field(self, key: str, value: Any, thing: Mapping[str, Any], made: dict[str, Any]) -> Any:
        if isinstance(value, str) and (marks := _MARKED.get(key)) and isinstance(thing.get(marks), list):
            text, made[marks] = self._texts.rewrite(value, thing[marks])
            return text
        if key in _IDS:
            return [self._id(one) for one in value] if isinstance(value, list) else self._id(value)
        if key in _DROPPED:
            return None
        if key == "data" and str(thing.get("type", "")).startswith("callback"):
            return ""
        if key == "author" and isinstance(value, dict):
            return self._instead(value, self._names.named)
        return self.value(value, key)

    def _string(self, key: str, value: str) -> str:
        """The text of a field, or one text of its list."""
        if key in OPAQUE:
            return str(self._id(value)) if _USER.fullmatch(value) else value
        rewrite = _OF_TEXT.get(key)
        return rewrite(self, value) if rewrite else self._words(key, value)

    def _words(self, key: str, value: str) -> str:
        """The words of a field that is not known to name a person."""
        return self._texts.plain(value)

    def _person_text(self, thing: Mapping[str, Any]) -> dict[str, Any]:
        """Words of a rich message that name a person."""
        made = {key: value for key, value in thing.items() if key != "text"}
        words, kind = _flatten(thing.get("text")), str(thing.get("_") or thing.get("type")).lower()
        if type(thing.get("user_id")) is int:
            made["user_id"] = self._id(thing["user_id"])
            instead = self._names.person(thing["user_id"])
        elif "email" in kind:
            instead = self._names.email(str(thing.get("email") or words))
            made |= {"email": instead} if "email" in thing else {}
        elif "phone" in kind:
            instead = self._names.phone(str(thing.get("phone") or words))
            made |= {"phone": instead} if "phone" in thing else {}
        else:
            instead = self._texts.mention(words)
        self._remember(words, instead)
        return {**made, "text": {"_": "TextPlain", "text": instead} if "_" in thing else instead}

    def _instead(self, node: Any, name: Callable[[str], str]) -> dict[str, Any]:
        words = _flatten(node)
        instead = name(words) if words.strip() else words
        self._remember(words, instead)
        return {"_": "TextPlain", "text": instead}

    def _remember(self, words: str, instead: str) -> None:
        if words.strip() and words != instead:
            self.replaced[words] = instead

    def _id(self, number: Any) -> Any:
        """Replace the id of a person in any notation, or the name that some programs write there."""
        if isinstance(number, str) and (found := _PEER.fullmatch(number)):
            return f"{found[1]}{self._names.user_id(int(found[2]))}"
        if isinstance(number, str):
            return number if not number.strip() or CHATS.fullmatch(number) else self._names.named(number)
        if isinstance(number, dict | list):
            return self.value(number)
        if isinstance(number, float) and number.is_integer():
            number = int(number)
        return self._names.user_id(number) if type(number) is int and number > 0 else number

    def _person(self, number: Any, name: str) -> str:
        return self._names.person(number) if type(number) is int and number > 0 else self._names.named(name)

    def named(self, name: str) -> str:
        """Replace a name; an empty one stays empty."""
        instead = self._names.named(name) if name.strip() else name
        self._remember(name, instead)
        return instead

    def phone(self, number: str) -> str:
        """Replace a phone number."""
        return self._names.phone(number) if number.strip() else number

    def wallet(self, address: str) -> str:
        """Replace the wallet address that owns a gift."""
        return self._names.other("wallet", address)

    def email(self, address: str) -> str:
        """Replace an e-mail address."""
        return self._names.email(address) if address.strip() else address

    def file_name(self, name: str) -> str:
        """Replace the name of a contact's file."""
        card = _CARD.fullmatch(name)
        return f"{self._names.named(card[1])}{card[2]}" if card else self._texts.plain(name)

    def link(self, url: str) -> str:
        """Replace a link to a person."""
        return self._texts.address(url)


_OF_TEXT: Final[dict[str, Callable[[NestedPersons, str], str]]] = {
    **dict.fromkeys(_NAMES, NestedPersons.named),
    **dict.fromkeys(_PHONES, NestedPersons.phone),
    **dict.fromkeys(_WALLETS, NestedPersons.wallet),
    **dict.fromkeys(_LINKS, NestedPersons.link),
    "email": NestedPersons.email,
    "file_name": NestedPersons.file_name,
}


def _is_desktop_person(thing: Mapping[str, Any]) -> bool:
    """Whether it is text in a block imported from Telegram Desktop, not an entity, which has an offset."""
    return str(thing.get("type")) in _DESKTOP_TEXTS and "text" in thing and "offset" not in thing


def _is_user(peer: Any) -> bool:
    return isinstance(peer, dict) and peer.get("type") == "user"


def _flatten(node: Any) -> str:
    """The words of a rich text."""
    if isinstance(node, str):
        return node
    if isinstance(node, list):
        return "".join(map(_flatten, node))
    if isinstance(node, dict):
        return "".join(_flatten(node[key]) for key in ("text", "texts", "alt", "source") if key in node)
    return ""
