"""`export --edges`: who forwards, mentions and links to whom, as a network for other programs."""

from __future__ import annotations
