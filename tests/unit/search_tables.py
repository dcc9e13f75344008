"""The embedded engine's tables in a SQLite of their own, empty: `with tables() as conn`, or the fixture `conn`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from search.exact import writer as exact


def tables() -> closing[sqlite3.Connection]:
    """A new one; it is closed at the end."""
    made = sqlite3.connect(":memory:", isolation_level=None)
    exact.create(made)
    return closing(made)


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    with tables() as made:
        yield made
