"""A Telegram of our own on 127.0.0.1: MTProto 2.0 that an unmodified Telethon client talks to. See README.md."""

from __future__ import annotations
