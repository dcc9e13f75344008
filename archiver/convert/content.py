"""The content hash: a different hash makes a revision.

It covers what a person would call the content, and nothing that changes by itself: not views, reactions, votes,
`edit_date` (reactions change it), a link preview that was pending, or a file reference.
"""

from __future__ import annotations

from hashlib import sha256

import orjson


def content_hash(*parts: object) -> bytes:
    """SHA-256 of the parts (text, entities, identities of media, markup, rich blocks, action) as a JSON list."""
    return sha256(orjson.dumps(parts)).digest()
