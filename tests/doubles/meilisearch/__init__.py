"""A Meilisearch of our own on 127.0.0.1: the part of its HTTP API (v1.50) that telekeep uses. See README.md."""

from __future__ import annotations
