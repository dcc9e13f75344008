"""Replace links that lead to a person. Pure."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from archiver.export.pseudonyms.labels import Pseudonyms
from archiver.export.telegram_paths import HOSTS, NOT_USERNAMES, USERNAME

_WHATSAPP: Final = frozenset({"wa.me", "api.whatsapp.com", "whatsapp.com", "www.whatsapp.com"})
_PHONE: Final = re.compile(r"\+?[0-9]{7,15}")
_OF_WEB: Final = re.compile(r"(?:/im\?p=)?(?:@([A-Za-z]\w{3,31})|u?([0-9]{1,18})(?:_[0-9]+)?)")
"""The fragment of an address of Telegram Web: a username, or the id of a person; those of chats are negative."""
INNER: Final = re.compile(
    r"(?:(?<![a-z0-9_.-])|(?<=%2F))(?:t|telegram)\.(?:me|dog)(?:/|%2F)(?:s(?:/|%2F))?@?([a-z][a-z0-9_]{3,31})(?![a-z0-9_])",
    re.IGNORECASE,
)
"""A link within an address, such as that of a web archive or a redirect, or among words; its group is the username."""


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
            return self._rewritten(url) or INNER.sub(self._renamed, url)
        except ValueError:
            return url

    def inner(self, name: str) -> str:
        """Replace the username in a link within another, unless it is no person's."""
        is_other = name.lower() in NOT_USERNAMES or self.is_kept(name)
        return name if is_other else self._names.username(name)

    def _renamed(self, found: re.Match[str]) -> str:
        return f"{found[0].removesuffix(found[1])}{self.inner(found[1])}"

    def is_of_person(self, url: object) -> bool:
        """Whether it leads to a person."""
        return isinstance(url, str) and self.rewrite(url) != url

    def _rewritten(self, url: str) -> str | None:
        stripped = url.strip()
        scheme, separator, rest = stripped.partition(":")
        if separator and scheme.lower() == "mailto":
            address, _, _ = unquote(rest).partition("?")
            return f"mailto:{self._names.email(address)}"
        if separator and scheme.lower() in ("tel", "sms", "callto", "whatsapp", "viber"):
            return f"pseudonym:{self._names.phone(rest)}"
        if separator and scheme.lower() in ("tg", "tonsite"):
            return self._of_application(urlsplit(stripped))
        parts = urlsplit(stripped if "//" in stripped else f"//{stripped}")
        host = (parts.hostname or "").removeprefix("www.")
        if host in _WHATSAPP:
            number = parse_qs(parts.query).get("phone", [parts.path.strip("/")])[0]
            return f"pseudonym:{self._names.phone(number)}" if _PHONE.fullmatch(number.strip()) else None
        above = next((one for one in HOSTS if host.endswith(f".{one}")), None)
        if above is not None:
            return self._of_username(host.removesuffix(f".{above}"))
        if host == "web.telegram.org" and parts.fragment.startswith("?tgaddr="):
            return self._rewritten(parse_qs(parts.fragment[1:])["tgaddr"][0])
        if host == "web.telegram.org" and (found := _OF_WEB.fullmatch(parts.fragment)):
            return self._of_username(found[1]) if found[1] else self._of_id(found[2])
        if host in HOSTS and parts.path.strip("/").lower() in ("share", "share/url"):
            shared = parse_qs(parts.query).get("url", [""])[0]
            return None if not shared or "/share" in shared else self._rewritten(shared)
        return self._of_path([unquote(one) for one in parts.path.split("/") if one]) if host in HOSTS else None

    def _of_application(self, parts: object) -> str | None:
        """`tg://user?id=1`, `tg://resolve?domain=name`."""
        query = parse_qs(getattr(parts, "query", ""))
        what = str(getattr(parts, "netloc", "") or getattr(parts, "path", "")).strip("/").lower()
        if what == "openmessage" and "user_id" in query:
            return self._of_id(query["user_id"][0])
        if what in ("user", "openmessage") and "id" in query:
            return self._of_id(query["id"][0])
        if "phone" in query:
            return f"pseudonym:{self._names.phone(query['phone'][0])}"
        if what == "contact" and "token" in query:
            return f"pseudonym:{self._names.other('contact', query['token'][0])}"
        return self._of_username(query["domain"][0]) if "domain" in query else None

    def _of_id(self, number: str) -> str:
        return f"pseudonym:{self._names.person(int(number))}"

    def _of_path(self, steps: list[str]) -> str | None:
        if steps and steps[0] == "s":
            steps = steps[1:]
        if not steps:
            return None
        first, *more = steps
        if first.startswith("+") or (first.isdigit() and not more):
            return f"pseudonym:{self._names.phone(first)}" if _PHONE.fullmatch(first) else None
        if first.lower() == "contact" and more:
            return f"pseudonym:{self._names.other('contact', more[0])}"
        return None if first.lower() in NOT_USERNAMES else self._of_username(first.removeprefix("@"))

    def _of_username(self, name: str) -> str | None:
        """A post number after the name does not make it a channel: anyone can write one."""
        if USERNAME.fullmatch(name) is None or self.is_kept(name):
            return None
        return f"pseudonym:{self._names.username(name)}"
