"""Mirrors channels into the archive, and presents the archive to people."""

from __future__ import annotations
