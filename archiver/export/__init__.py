"""Exports: one writer per format, the manifest, and its verification."""

from __future__ import annotations
