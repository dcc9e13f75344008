"""The DDL, one forward-only file a step: NNNN_why.sql."""

from __future__ import annotations
