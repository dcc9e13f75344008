from __future__ import annotations

from collections.abc import Iterator

import pytest
from telethon import TelegramClient

from tests.doubles.telegram.conftest import account, server, world

__all__ = ["account", "server", "world"]


@pytest.fixture(autouse=True)
def _no_config_from_another_server() -> Iterator[None]:
    yield
    TelegramClient._config = None  # Telethon keeps it for the whole process
