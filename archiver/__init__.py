"""The mirror and the front: from the source to the archive, and from the archive to people."""

from __future__ import annotations
