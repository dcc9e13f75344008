"""Who hears what the parts remark while they are put together."""

from __future__ import annotations


class Heard:
    """Keeps the lines, for a test that looks at them."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)
