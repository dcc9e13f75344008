"""One module per table; the DDL is in sql/."""

from __future__ import annotations
