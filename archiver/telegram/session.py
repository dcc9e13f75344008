"""The session: an account's keys and their data centres, in one private file that is replaced atomically.

Besides the key of the home data centre it contains those of others, and the addresses learned from the servers.
Telethon's own file is readable by others under a common umask, holds a write lock between saves, and its portable
string form corrupts keys that begin with a zero byte; hence this one.
"""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
from telethon.crypto import AuthKey
from telethon.sessions import MemorySession

from archiver.errors import UsageError
from archiver.telegram.data_centres import FIRST, DcAddress


@dataclass(frozen=True, slots=True)
class GuestKey:
    """A key for a data centre other than the account's home."""

    key: bytes
    admitted: bool = False
    """Whether the account's authorization was imported there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionData:
    """Contents of the file."""

    dc: int = FIRST
    """The account's home, as far as known."""
    host: str | None = None
    port: int | None = None
    auth_key: bytes | None = None
    guests: Mapping[int, GuestKey] = field(default_factory=dict)
    via: str | None = None
    """The self-hosted server it is for, "" for Telegram itself; None: not recorded."""
    dc_addresses: tuple[DcAddress, ...] = ()
    """Addresses listed by the servers."""
    salts: Mapping[int, int] = field(default_factory=dict)
    """The last server salt of each data centre: with an old one, the first request of a connection is sent twice."""


def has_session(path: Path) -> bool:
    """Whether there is a key, even an unreadable one; only the server knows whether it is still valid."""
    try:
        stored = read_session(path)
    except UsageError:
        return True  # reading it will report what is wrong
    return stored is not None and stored.auth_key is not None


def read_session(path: Path) -> SessionData | None:
    """The stored session; None if there is none. Raises UsageError."""
    try:
        return _parse(orjson.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise UsageError(
            f"the session in {path} cannot be read.", hint="Remove that file and run `telekeep login`."
        ) from exc


def write_session(path: Path, stored: SessionData) -> None:
    """Store the session atomically: a killed process leaves the old or the new one, complete."""
    if stored != read_session(path):
        _write_private(path, orjson.dumps(_format(stored)))


def _parse(said: dict[str, Any]) -> SessionData:
    guests = said.get("guests", {})
    return SessionData(
        dc=int(said["dc"]),
        host=said["host"],
        port=said["port"],
        auth_key=_key(said["auth_key"]),
        guests={int(dc): GuestKey(_key(one["key"]) or b"", one["admitted"] is True) for dc, one in guests.items()},
        via=said.get("via"),
        dc_addresses=tuple(DcAddress(**one) for one in said.get("places", ())),
        salts={int(dc): int(salt) for dc, salt in said.get("salts", {}).items()},
    )


def _key(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)


def _format(stored: SessionData) -> dict[str, Any]:
    def text(key: bytes | None) -> str | None:
        return None if key is None else base64.b64encode(key).decode()

    return {
        "dc": stored.dc,
        "host": stored.host,
        "port": stored.port,
        "auth_key": text(stored.auth_key),
        "via": stored.via,
        "guests": {str(dc): {"key": text(one.key), "admitted": one.admitted} for dc, one in stored.guests.items()},
        "places": [asdict(one) for one in stored.dc_addresses],
        "salts": {str(dc): salt for dc, salt in stored.salts.items()},
    }


class FileSession(MemorySession):  # type: ignore[misc]  # Telethon is untyped
    """The part of the file at `path` (mode 0600) that one client uses: the home, or another data centre.

    Entities are not stored: access hashes are kept in the archive.
    """

    def __init__(self, path: Path, *, dc: int | None = None, via: str | None = None, is_borrowed: bool = False) -> None:
        """`dc`: a data centre that is not, or not yet, the account's home. `is_borrowed`: nothing is ever stored."""
        super().__init__()
        self._is_borrowed = is_borrowed
        self._path = path
        self._guest = dc
        self._via = via
        stored = read_session(path)
        if dc is not None:
            self._dc_id = dc
            guest = stored.guests.get(dc) if stored else None
            self._auth_key = AuthKey(guest.key) if guest else None
        elif stored is not None:
            self.set_dc(stored.dc, stored.host, stored.port)
            self._auth_key = AuthKey(stored.auth_key) if stored.auth_key else None
        self.salt = stored.salts.get(self._dc_id, 0) if stored else 0
        """The server's salt, as far as known; 0: unknown."""

    def save(self) -> None:
        """Write the key and the server it belongs to; Telethon calls this whenever they change."""
        if self._is_borrowed or self._auth_key is None or not self._auth_key.key:
            return
        stored = read_session(self._path) or SessionData()
        if self._guest is None:
            kept = self._as_home(stored, self._auth_key.key)
        else:
            known = stored.guests.get(self._guest)
            guest = GuestKey(self._auth_key.key, known is not None and known.admitted)
            kept = replace(stored, guests={**stored.guests, self._guest: guest})
        if self.salt:
            kept = replace(kept, salts={**kept.salts, self._dc_id: self.salt})
        write_session(self._path, kept)

    def settle(self) -> None:
        """Make this data centre the account's home; the key of the old home is kept."""
        if self._auth_key is None or self._guest is None:
            return
        stored = read_session(self._path) or SessionData()
        guests = {dc: guest for dc, guest in stored.guests.items() if dc != self._guest}
        if stored.auth_key:
            guests[stored.dc] = GuestKey(stored.auth_key, admitted=True)
        self._guest = None
        write_session(self._path, replace(self._as_home(stored, self._auth_key.key), guests=guests))

    def _as_home(self, stored: SessionData, key: bytes) -> SessionData:
        via = stored.via if self._via is None else self._via
        return replace(stored, dc=self._dc_id, host=self._server_address, port=self._port, auth_key=key, via=via)

    def process_entities(self, tlo: Any) -> None:
        """Do nothing: the archive stores access hashes."""


def _write_private(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")  # no account's session can have this name
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # or a power failure may bring back the old keys
    finally:
        os.close(folder)
