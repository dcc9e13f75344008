"""Replace links that lead to a person. Pure."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from archiver.export.pseudonyms.disguise import undisguise
from archiver.export.pseudonyms.labels import Pseudonyms
from archiver.export.telegram_paths import HOSTS, NOT_USERNAMES, USERNAME

_PHONE_SITES: Final = frozenset({"wa.me", "signal.me", "viber.me", "chats.viber.com", "zalo.me"})
_WHATSAPP: Final = re.compile(r"(?:(?:api|web|chat)\.)?whatsapp\.com")
_SHORTEST_PHONE: Final = 5
_PHONE: Final = re.compile(r"\+?[0-9]{7,15}")
_OF_CONTACT: Final = re.compile(r"/(?:message|qr)/([\w-]+)#?|#?eu/([^/]+)")
"""The path and fragment of a link to a contact by a code instead of a number."""
CALLS: Final = frozenset(
    {"tel", "sms", "smsto", "callto", "facetime", "imo", "sgnl", "signal", "skype", "viber", "whatsapp"}
)
_HAS_SCHEME: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_WEB: Final = re.compile(r"web[a-z]?\.telegram\.org")
_OF_WEB: Final = re.compile(r"(?:/im\?p=)?(?:@([A-Za-z]\w{3,31})|u?([0-9]{1,18})(?:_[0-9]+)?)")
"""The fragment of an address of Telegram Web: a username, or the id of a person; those of chats are negative."""
INNER: Final = re.compile(
    r"(?:(?<![a-z0-9_.-])(?:t|telegram)\.(?:me|dog)\.?/+(?:s/|boost/)?@?|\b(?:resolve|boost)/?\?(?:\S{0,60}&)?domain=@?"
    r"|\bfragment\.com/username/)(?P<name>[a-z][a-z0-9_]{3,31})(?![a-z0-9_])"
    r"|\b(?:user/?\?(?:\S{0,60}&)?id|user_id)=(?P<number>[0-9]{5,18})(?![0-9])"
    r"|(?:\b(?:wa|signal|viber|zalo)\.me/(?:#p/)?|\bfragment\.com/number/|\bphone=)\+?(?P<phone>[0-9]{7,15})(?![0-9])",
    re.IGNORECASE | re.ASCII,
)
"""A link within an address, such as that of a web archive or a redirect, or among words."""


class PersonLinks:
    """Rewrites links. `channels`: the usernames of known channels in lower case."""

    def __init__(self, names: Pseudonyms, channels: AbstractSet[str]) -> None:
        self._names = names
        self._channels = channels

    def is_kept(self, username: str) -> bool:
        """Whether a username is that of a known channel, or of a bot: only bots have such names."""
        return username.lower() in self._channels or username.lower().endswith("bot")

    def rewrite(self, url: str) -> str:
        """The link itself, unless it leads to a person; then one that leads nowhere."""
        try:
            return self._rewritten(undisguise(url).text.strip()) or url
        except ValueError:
            return url

    def inner(self, found: re.Match[str]) -> tuple[int, int, str] | None:
        """Where a person is in a link that INNER found, and what to write instead."""
        if name := found["name"]:
            is_other = name.lower() in NOT_USERNAMES or self.is_kept(name)
            return None if is_other else (*found.span("name"), self._names.username(name))
        if number := found["number"]:
            return *found.span("number"), self._names.person(int(number))
        return *found.span("phone"), self._names.phone(found["phone"])

    def _rewritten(self, url: str) -> str | None:
        scheme, separator, rest = url.partition(":")
        scheme = scheme.lower() if separator else ""
        if scheme == "mailto":
            address, _, _ = unquote(rest).partition("?")
            return f"mailto:{self._names.email(address)}"
        if scheme in CALLS:
            path, _, query = rest.partition("?")
            given = _query(query)
            return self._of_phone(given.get("phone") or given.get("number") or unquote(path))
        parts = urlsplit(url if _HAS_SCHEME.match(url) or scheme == "tg" else f"//{url}")
        if scheme in ("tg", "intent"):
            return self._of_application(parts)
        host = (parts.hostname or "").rstrip(".").removeprefix("www.")
        if host in _PHONE_SITES or _WHATSAPP.fullmatch(host):
            return self._of_messenger(parts)
        above = next((one for one in HOSTS if host.endswith(f".{one}")), None)
        if above is not None:
            return self._of_username(host.removesuffix(f".{above}"))
        if _WEB.fullmatch(host):
            if parts.fragment.startswith("?tgaddr="):
                return self._rewritten(_query(parts.fragment[1:])["tgaddr"])
            if found := _OF_WEB.fullmatch(parts.fragment):
                return self._of_username(found[1]) if found[1] else self._of_id(found[2])
        if host in HOSTS and parts.path.strip("/").lower() in ("share", "share/url"):
            shared = _query(parts.query).get("url", "")
            return None if not shared or "/share" in shared else self._rewritten(shared)
        return self._of_path([unquote(one).strip() for one in parts.path.split("/") if one]) if host in HOSTS else None

    def _of_messenger(self, parts: SplitResult) -> str | None:
        """A phone number, or a code that stands for one."""
        if found := _OF_CONTACT.fullmatch(f"{parts.path.rstrip('/')}#{parts.fragment}"):
            return self._of_contact(found[1] or found[2])
        places = (
            _query(parts.query).get("phone", ""),
            parts.path.strip("/"),
            unquote(parts.fragment).removeprefix("p/"),
        )
        return next((self._of_phone(one) for one in places if _PHONE.fullmatch(one.strip())), None)

    def _of_application(self, parts: SplitResult) -> str | None:
        """`tg://user?id=1`, `tg://resolve?domain=name`."""
        query = _query(parts.query)
        what = (parts.netloc or parts.path).strip("/").lower()
        number = query.get("user_id", "") if what == "openmessage" else ""
        if what in ("user", "openmessage") and (number := number or query.get("id", "")):
            return self._of_id(number)
        if phone := query.get("phone") or query.get("to"):
            return self._of_phone(phone)
        if what == "contact" and "token" in query:
            return self._of_contact(query["token"])
        if what == "message" and "slug" in query:
            return self._of_contact(query["slug"])
        return self._of_username(query.get("domain", "").strip().removeprefix("@"))

    def _of_phone(self, number: str) -> str | None:
        digits = sum(map(str.isdecimal, number))
        return f"pseudonym:{self._names.phone(number)}" if digits >= _SHORTEST_PHONE else None

    def _of_contact(self, code: str) -> str:
        return f"pseudonym:{self._names.other('contact', code)}"

    def _of_id(self, number: str) -> str:
        return f"pseudonym:{self._names.person(int(number))}"

    def _of_path(self, steps: list[str]) -> str | None:
        if steps and steps[0].lower() in ("s", "boost"):
            steps = steps[1:]
        if not steps:
            return None
        first, *more = steps
        if first.startswith("+") or (first.isdigit() and not more):
            return self._of_phone(first) if _PHONE.fullmatch(first) else None
        if first.lower() in ("contact", "m") and more:
            return self._of_contact(more[0])
        return None if first.lower() in NOT_USERNAMES else self._of_username(first.removeprefix("@"))

    def _of_username(self, name: str) -> str | None:
        """A post number after the name does not make it a channel: anyone can write one."""
        if USERNAME.fullmatch(name) is None or self.is_kept(name):
            return None
        return f"pseudonym:{self._names.username(name)}"


def _query(query: str) -> dict[str, str]:
    """The first value of each field, whose name may be in capitals."""
    return {name.lower(): values[0] for name, values in parse_qs(query).items()}
