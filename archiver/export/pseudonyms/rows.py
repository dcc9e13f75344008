"""A row without persons: each key as docs/export.md says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from archiver.export.pseudonyms.actions import ActionPersons
from archiver.export.pseudonyms.labels import Pseudonyms
from archiver.export.pseudonyms.links import PersonLinks
from archiver.export.pseudonyms.nested import NestedPersons
from archiver.export.pseudonyms.texts import PersonTexts
from archiver.model.row import Row


class PseudonymousRows:
    """Rewrites rows. `channels`: usernames of channels, which are kept."""

    def __init__(self, names: Pseudonyms, channels: Iterable[str]) -> None:
        self.names = names
        self._links = PersonLinks(names, frozenset(name.lower() for name in channels))
        self._texts = PersonTexts(names, self._links)

    @property
    def options(self) -> dict[str, object]:
        """For the manifest."""
        return {
            "pseudonymised": {
                "what": "users",
                "method": "HMAC-SHA256",
                "key_fingerprint": self.names.fingerprint,
                "anonymous": False,
            }
        }

    def query(self, typed: str) -> str:
        """Replace a query, which may name persons, in the manifest: equal queries have equal replacements."""
        return f"left out: {self.names.other('query', typed)}"

    def row(self, row: Row) -> Row:
        """The row without persons."""
        nested = NestedPersons(self.names, self._links, self._texts)
        text, entities = self._texts.rewrite(row["text"], _load(row["entities"]) or [])
        made = {
            **row,
            "text": text,
            "entities": _dump(entities),
            "post_author": nested.named(row["post_author"]) if row["post_author"] else row["post_author"],
            "payload_sha256": None,
            "hashtags": _dump([self._texts.plain(tag) for tag in _load(row["hashtags"]) or ()]),
            "links": _dump(list(dict.fromkeys(self._texts.address(url) for url in _load(row["links"]) or ()))),
            "media": _dump([nested.slot(slot) for slot in _load(row["media"]) or ()]),
        }
        if row["action"] is not None:
            made["action"] = _dump(ActionPersons(self.names, self._links, self._texts).value(_load(row["action"])))
        for key in ("sender", "reply_to", "fwd_from", "restriction", "markup", "fact_check", "annotations"):
            if row[key] is not None:
                made[key] = _dump(nested.value(_load(row[key])))
        if row.get("via_bot") is not None:
            made["via_bot"] = _dump(nested.bot(_load(row["via_bot"])))
        if row["extra"] is not None:
            made["extra"] = _dump(nested.value(_load(row["extra"])))
        if row["rich"] is not None:
            made["rich"] = _dump(self._rich(_load(row["rich"]), nested))
        if "versions" in row:
            made["versions"] = _dump([self._version(one, nested) for one in _load(row["versions"]) or ()])
        return made

    def _rich(self, rich: dict[str, Any], nested: NestedPersons) -> dict[str, Any]:
        blocks = nested.value(rich.get("blocks"))
        return {**rich, "text": nested.words(str(rich.get("text") or "")), "blocks": blocks}

    def _version(self, version: dict[str, Any], nested: NestedPersons) -> dict[str, Any]:
        """An earlier version, without `differences` and `media_changes`, which quote it and the one before."""
        text, entities = self._texts.rewrite(version["text"], version["entities"])
        return {
            **version,
            "text": text,
            "entities": entities,
            "media": [nested.slot(slot) for slot in version["media"]],
            "markup": nested.value(version["markup"]),
            "payload_sha256": None,
            "import": version["import"] and _without_file(version["import"]),
            "media_changes": [],
            "differences": [],
        }


def _without_file(origin: Mapping[str, Any]) -> dict[str, Any]:
    """An import without the name of its file, which may be a person's."""
    hidden = {"file", "sha256", "claimed_by", "claimed_sha256"}
    return {name: None if name in hidden else value for name, value in origin.items()}


def _load(value: str | None) -> Any:
    return None if value is None else orjson.loads(value)


def _dump(value: Any) -> str:
    return orjson.dumps(value).decode()
