"""`export --append`: a series of files, each with what is new or changed since the one before it."""

from __future__ import annotations
