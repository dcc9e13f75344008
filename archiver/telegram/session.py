"""The session: where the account's key is kept, in one private file that is written whole or not at all.

Telethon's own file is readable by others under a common umask, holds a write lock between saves, and its portable
string form corrupts keys that begin with a zero byte; hence this one.
"""

from __future__ import annotations

import base64
import contextlib
import os
from pathlib import Path
from typing import Any

import orjson
from telethon.crypto import AuthKey
from telethon.sessions import MemorySession

from archiver.errors import UsageError


def has_session(path: Path) -> bool:
    """Whether a login was ever begun; whether it is still good, only the server knows."""
    return path.exists()


class FileSession(MemorySession):  # type: ignore[misc]  # Telethon is untyped
    """A session in `path`, mode 0600. Entities are not kept: access hashes live in the archive."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._saved: bytes | None = None
        if path.exists():
            self._load()

    def _load(self) -> None:
        try:
            stored = orjson.loads(self._path.read_bytes())
            self.set_dc(stored["dc"], stored["host"], stored["port"])
            self._auth_key = AuthKey(base64.b64decode(stored["auth_key"], validate=True))
        except (ValueError, KeyError, TypeError) as exc:
            raise UsageError(
                f"the session in {self._path} cannot be read.", hint="Remove that file and run `telekeep login`."
            ) from exc

    def save(self) -> None:
        """Write the key and the server it belongs to; Telethon calls this whenever they change."""
        if self._auth_key is None or not self._auth_key.key:
            return
        stored = orjson.dumps(
            {
                "dc": self._dc_id,
                "host": self._server_address,
                "port": self._port,
                "auth_key": base64.b64encode(self._auth_key.key).decode(),
            }
        )
        if stored != self._saved:
            _write_private(self._path, stored)
            self._saved = stored

    def delete(self) -> None:
        """Forget the key; the next command says that a login is needed."""
        self._auth_key = None
        self._saved = None
        self._path.unlink(missing_ok=True)

    def process_entities(self, tlo: Any) -> None:
        """Nothing: the archive keeps the access hashes."""


def _write_private(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")  # no account's session can be called so
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
