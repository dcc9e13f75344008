"""What the server remembers of each authorization key. In memory only: a restart forgets every login."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from tests.telegram import crypto
from tests.telegram.srp import Challenge


def new_salt() -> int:
    return int.from_bytes(os.urandom(8), "little", signed=True) or 1


@dataclass
class AuthRecord:
    """A key, its salt, and how far its login has come."""

    key: bytes
    dc: int = 2
    account_id: int | None = None
    salt: int = field(default_factory=new_salt)
    code_hashes: dict[str, str] = field(default_factory=dict)  # phone -> phone_code_hash
    half_in: int | None = None  # the account whose code was right and whose password is awaited
    challenge: Challenge | None = None
    export: bytes | None = None
    chats: dict[int, Any] = field(default_factory=dict)  # serialised channels, see rpc.own_chat

    @property
    def id(self) -> int:
        return crypto.key_id(self.key)
