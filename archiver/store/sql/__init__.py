"""The DDL: one forward-only migration per file, NNNN_why.sql."""

from __future__ import annotations
