"""Values that an import has otherwise than the archive: {held, imported} by name in `imported.differs`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from archiver.model.iso_time import iso

TIMES: Final = frozenset({"date", "edit_date"})
"""Values that are unix seconds."""
FILE: Final = "file"
"""The file of a message, as {kind, size, sha256}, null for none; those of further slots have a number after it."""
ALTERED: Final = "altered"
"""The key in `imported.differs` of a piece whose file did not match its own manifest."""
NAMES: Final[Mapping[str, str]] = {
    "fwd_from": "forwarded from",
    "fwd_name": "forwarded from",
    "reply_to_msg_id": "reply to",
    "post_author": "signature",
    "edit_date": "edited",
}
"""Names of columns for people."""


class OtherValue(NamedTuple):
    """A value that an import has otherwise."""

    column: str
    held: Any
    imported: Any

    @property
    def name(self) -> str:
        """Its name for people."""
        return NAMES.get(self.column, self.column.replace("_", " "))

    @property
    def values(self) -> tuple[Any, Any]:
        """The import's and the archive's."""
        return self.imported, self.held

    @property
    def is_time(self) -> bool:
        """Whether both are unix seconds."""
        return self.column in TIMES and all(isinstance(one, int) for one in self.values)

    @property
    def is_file(self) -> bool:
        """Whether they are files."""
        return self.column.startswith(FILE)


def list_other_values(other: Mapping[str, Mapping[str, Any]]) -> list[OtherValue]:
    """The other values of an import, by name."""
    return [OtherValue(name, both.get("held"), both.get("imported")) for name, both in other.items()]


def with_times(differs: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept in `differs`, with times as all other JSON has them."""
    return {key: _written(key, value) for key, value in differs.items()}


def _written(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _written(key if name in {"held", "imported"} else name, one) for name, one in value.items()}
    return iso(value) if key in TIMES and isinstance(value, int) else value
