"""One channel: brought to the present, compared with what the server shows.

`channel_mirror` does it, `difference` asks what happened since, `comparison` looks whether something is missing yet.
"""

from __future__ import annotations

from archiver.mirror.channel_mirror import Mirror

__all__ = ["Mirror"]
