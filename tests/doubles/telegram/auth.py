"""What the server remembers of each authorization key.

In memory; `save` and `load` carry the logins over a restart of the program.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.doubles.telegram import crypto
from tests.doubles.telegram.codes import Pending
from tests.doubles.telegram.srp import Challenge


def new_salt() -> int:
    return int.from_bytes(os.urandom(8), "little", signed=True) or 1


@dataclass
class AuthRecord:
    """A key, its salt, and how far its login has come."""

    key: bytes
    dc: int = 2
    account_id: int | None = None
    salt: int = field(default_factory=new_salt)
    codes: dict[str, Pending] = field(default_factory=dict)  # by phone
    half_in: int | None = None  # the account whose code was right and whose password is awaited
    challenge: Challenge | None = None
    exported: dict[bytes, int] = field(default_factory=dict)  # authorizations that may be imported, and where
    future_salts: list[int] = field(default_factory=list)  # that the client was told, and may use already
    expires: float | None = None  # when a temporary key ends
    bound: AuthRecord | None = None  # the permanent key that it speaks for
    chats: dict[int, Any] = field(default_factory=dict)  # serialised channels, see rpc.own_chat

    @property
    def identity(self) -> AuthRecord:
        """The key that is logged in or not, when this one is used."""
        return self.bound or self

    @property
    def id(self) -> int:
        return crypto.key_id(self.key)


def save(keys: dict[int, AuthRecord], path: Path) -> None:
    rows = [
        {"key": a.key.hex(), "dc": a.dc, "account": a.account_id, "salt": a.salt}
        for a in keys.values()
        if not a.expires
    ]
    path.write_text(json.dumps(rows), encoding="ascii")


def load(path: Path) -> dict[int, AuthRecord]:
    """The keys of an earlier run; none when there was none."""
    rows = json.loads(path.read_text(encoding="ascii")) if path.exists() else []
    records = [AuthRecord(bytes.fromhex(r["key"]), r["dc"], r["account"], r["salt"]) for r in rows]
    return {record.id: record for record in records}
