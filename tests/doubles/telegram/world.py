"""The fake world: accounts, channels and the names that move between them. All of it invented, none of it stored."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from telethon.tl import types

from tests.doubles.telegram.channel import Channel, Event
from tests.doubles.telegram.clock import WorldClock
from tests.doubles.telegram.codes import Codes
from tests.doubles.telegram.files import Files
from tests.doubles.telegram.media import Media
from tests.doubles.telegram.srp import Password
from tests.doubles.telegram.takeouts import Takeouts

HINT = "a word"
"""For a second password."""
USERNAME = re.compile(r"[a-z][a-z0-9_]{2,31}", re.IGNORECASE)


@dataclass
class Account:
    """A person who may log in. Phone numbers are of the form that Telegram reserves for tests: 99966XYYYY."""

    id: int
    phone: str
    code: str = "22222"
    password: Password | None = None
    first_name: str = "Test"
    refuse: tuple[int, str] | None = None  # e.g. (401, "USER_DEACTIVATED") for every call
    codes: Codes = field(default_factory=Codes)  # how its login codes go
    resolves: list[float] = field(default_factory=list)
    home_dc: int | None = None  # None: any will do, see centres.py
    moves_at_sign_in: int | None = None
    code_travels: bool = True
    exports: bool = True  # whether an old home still gives authorizations for others
    exports_at_once: int | None = None  # so many of them are good; each further one makes the oldest invalid

    def move(self, dc: int, *, exports: bool = True) -> None:
        """Be at home in another data centre from now on."""
        self.home_dc, self.exports = dc, exports

    def user(self, *, is_self: bool = False) -> types.User:
        return types.User(
            id=self.id,
            is_self=is_self or None,
            access_hash=_hash("user", self.id),
            first_name=self.first_name,
            phone=self.phone if is_self else None,
        )


def _hash(*parts: object) -> int:
    digest = sha256(" ".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "little", signed=True) or 1


class World:
    """What the server knows. Change it at any time; sessions see the change with their next call."""

    def __init__(self, *, api_id: int | None = None, api_hash: str | None = None, resolve_budget: int = 200) -> None:
        self.api_id = api_id  # None: any
        self.api_hash = api_hash
        self.resolve_budget = resolve_budget  # names that an account may resolve in a day
        self.accounts: dict[int, Account] = {}
        self.refused_phones: dict[str, tuple[int, str]] = {}  # digits -> what sendCode answers: banned, flood, ...
        self.channels: dict[int, Channel] = {}
        self.users: dict[int, types.User] = {}
        self.takeouts = Takeouts()
        self.names: dict[str, int] = {}  # lower case name -> channel id
        self.listeners: list[Callable[[Channel, Event], None]] = []
        self.network_dc: int | None = None  # where numbers that nobody has belong
        self.calls_itself: int | None = None  # what every data centre says that it is; None: the truth
        self.travelling: dict[str, Any] = {}  # codes on their way to another data centre, by phone
        self.tells_every_edit = False  # of channels that are made from now on
        self.clock = WorldClock()
        self.files = Files(self.clock.now)
        self.media = Media(self.files)
        self._last_channel = 1_500_000_000
        self._last_group = 13_100_000_000_000_000

    def now(self) -> int:
        return int(self.clock.now())

    # people

    def add_account(
        self, phone: str = "+9996612345", code: str = "22222", password: str | None = None, *, hint: str = HINT
    ) -> Account:
        digits = phone.lstrip("+")
        account = Account(7_000_000_001 + len(self.accounts), digits, code)
        account.password = Password(password, hint) if password else None
        self.accounts[account.id] = account
        return account

    def set_account(self, phone: str, code: str, password: str | None) -> Account:
        """The account of that number, made where there is none, with this code and password."""
        account = self.find_account(phone) or self.add_account(phone)
        account.code, account.password = code, Password(password, HINT) if password else None
        return account

    def find_account(self, phone: str) -> Account | None:
        digits = re.sub(r"\D", "", phone)
        return next((a for a in self.accounts.values() if a.phone == digits), None)

    def account(self, phone: str) -> Account:
        """By phone number, written in any way."""
        found = self.find_account(phone)
        if found is None:
            raise KeyError(phone)
        return found

    def add_user(self, first_name: str, *, bot: bool = False, username: str | None = None) -> types.User:
        user_id = 6_000_000_001 + len(self.users)
        user = types.User(
            id=user_id,
            access_hash=_hash("user", user_id),
            first_name=first_name,
            username=username,
            bot=bot or None,
            bot_info_version=1 if bot else None,
        )
        self.users[user_id] = user
        return user

    # channels

    def add_channel(
        self,
        title: str,
        username: str | None = None,
        *,
        megagroup: bool = False,
        forum: bool = False,
        gigagroup: bool = False,
        about: str = "",
        date: int | None = None,
        created: bool = True,
    ) -> Channel:
        """A channel of its own id; its first message says that it was created."""
        self._last_channel += 1013
        channel = Channel(self, self._last_channel, title, None, self.now() if date is None else date)
        channel.megagroup = megagroup or forum or gigagroup
        channel.forum, channel.gigagroup = forum, gigagroup
        channel.about = about
        channel.tells_every_edit = self.tells_every_edit
        self.channels[channel.id] = channel
        if username:
            self.set_username(channel, username)
        if created:
            channel.service(types.MessageActionChannelCreate(title), date=channel.date)
        return channel

    def channel(self, name: str | int) -> Channel:
        """By id or by public name."""
        key = name if isinstance(name, int) else self.names[name.lstrip("@").lower()]
        return self.channels[key]

    def set_username(self, channel: Channel, username: str | None) -> None:
        """Give the name to this channel; whoever had it has it no more (a takeover)."""
        if username is not None and not USERNAME.fullmatch(username):
            raise ValueError(username)
        for old in channel.usernames[:1]:
            self.names.pop(old.lower(), None)
        rest = channel.usernames[1:]
        if username is not None:
            holder = self.channels.get(self.names.get(username.lower(), 0))
            if holder is not None:
                holder.usernames = [n for n in holder.usernames if n.lower() != username.lower()]
                holder.version += 1
            self.names[username.lower()] = channel.id
            rest = [username, *(n for n in rest if n.lower() != username.lower())]
        channel.usernames = rest
        channel.version += 1

    def add_username(self, channel: Channel, username: str) -> None:
        """One more (collectible) name beside the first."""
        self.names[username.lower()] = channel.id
        channel.usernames.append(username)
        channel.version += 1

    def switch_username(self, channel: Channel, username: str, *, active: bool) -> None:
        """An inactive name stays the channel's, and leads nowhere."""
        (channel.inactive.discard if active else channel.inactive.add)(username.lower())
        channel.version += 1

    def access_hash(self, account: Account, channel: Channel) -> int:
        """Each account has its own for each channel, and always the same."""
        return _hash("channel", account.id, channel.id)

    def new_group_id(self) -> int:
        self._last_group += 3
        return self._last_group
