"""One file a table; the DDL stands in sql/."""

from __future__ import annotations
