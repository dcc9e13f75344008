"""Hits as they are answered: the document's fields, formatted ones beside them, scores and positions."""

from __future__ import annotations

import json
from typing import Any

from tests.doubles.meilisearch.highlights import Text, Wanted
from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.patterns import is_below
from tests.doubles.meilisearch.ranking import Scores, explained, global_score
from tests.doubles.meilisearch.search import Found
from tests.doubles.meilisearch.selection import select


class Formatter:
    """How one search wants its hits."""

    def __init__(self, index: Index, query: dict[str, Any], found: Found) -> None:
        self.index = index
        self.query = query
        self.wanted = Wanted(found.nodes)
        self.tokenizer = index.words_so_far.tokenizer
        displayed = index.displayed()
        self.displayed = [name for name in index.fields if displayed is None or index.is_shown(name)]
        asked = query["attributesToRetrieve"]
        self.retrieved = (
            self.displayed if asked is None or "*" in asked else [name for name in asked if index.is_shown(name)]
        )
        self.options = self._options()

    def _options(self) -> dict[str, tuple[bool, int | None]]:
        """For each attribute whether to highlight it, and to how many words to crop it."""
        highlighted = self.query["attributesToHighlight"] or ()
        found: dict[str, tuple[bool, int | None]] = {}
        for name in self.displayed if "*" in highlighted else highlighted:
            if self._is_known(name):
                found[name] = (True, None)
        for one in self.query["attributesToCrop"] or ():
            name, colon, words = one.rpartition(":")
            length = int(words) if colon and words.isdigit() else self.query["cropLength"]
            name = name if colon else one
            for attribute in self.displayed if name == "*" else [name]:
                if self._is_known(attribute):
                    found[attribute] = (found.get(attribute, (False, None))[0], length)
        if found:
            for name in self.retrieved:
                found.setdefault(name, (False, None))
        return found

    def _is_known(self, name: str) -> bool:
        return name.split(".", maxsplit=1)[0] in self.index.fields and self.index.is_shown(name)

    def hit(self, row: int, scores: Scores) -> dict[str, Any]:
        document = self.index.document(row)
        found = select(document, self.retrieved)
        if self.options or self.query["showMatchesPosition"]:
            positions: dict[str, list[dict[str, object]]] = {}
            shown = self._formatted(select(document, self.displayed), "", [], positions)
            if self.options:
                found["_formatted"] = select(shown, self.options)
            if self.query["showMatchesPosition"]:
                found["_matchesPosition"] = positions
        if self.query["retrieveVectors"]:
            found["_vectors"] = {}
        if self.query["showRankingScore"]:
            found["_rankingScore"] = global_score(scores)
        if self.query["showRankingScoreDetails"]:
            found["_rankingScoreDetails"] = explained(scores)
        return found

    def _formatted(self, value: Any, path: str, indices: list[int], positions: dict[str, Any]) -> Any:
        if isinstance(value, dict):
            return {
                key: self._formatted(inner, f"{path}.{key}" if path else key, indices, positions)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self._formatted(inner, path, [*indices, place], positions) for place, inner in enumerate(value)]
        if isinstance(value, bool) or value is None:
            return value
        return self._leaf(value if isinstance(value, str) else json.dumps(value), path, indices, positions)

    def _leaf(self, value: str, path: str, indices: list[int], positions: dict[str, Any]) -> str:
        options = [
            option
            for name, option in self.options.items()
            if (option[0] or option[1] is not None) and (is_below(name, path) or is_below(path, name))
        ]
        if not options and not self.query["showMatchesPosition"]:
            return value
        languages = self.query["locales"] or self.index.words_so_far.languages(path)
        text = Text(value, self.wanted, self.tokenizer, languages)
        if self.query["showMatchesPosition"] and text.matches:
            positions.setdefault(path, []).extend(text.positions(indices))
        if not options:
            return value
        crop = next((length for _, length in options if length is not None), None)
        return text.formatted(
            highlight=any(highlight for highlight, _ in options),
            crop=crop,
            marker=self.query["cropMarker"],
            tags=(self.query["highlightPreTag"], self.query["highlightPostTag"]),
        )
