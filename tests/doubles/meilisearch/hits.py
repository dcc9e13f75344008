"""Hits as they are answered: the document's fields, marked ones beside them, a score."""

from __future__ import annotations

from typing import Any

from tests.doubles.meilisearch.highlights import Text, Wanted
from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.patterns import is_below
from tests.doubles.meilisearch.ranking import Scores, global_score
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
        wanted = query["attributesToHighlight"] or ()
        self.marked = [name for name in (self.displayed if "*" in wanted else wanted) if self._is_known(name)]

    def _is_known(self, name: str) -> bool:
        return name.split(".", maxsplit=1)[0] in self.index.fields and self.index.is_shown(name)

    def hit(self, row: int, scores: Scores) -> dict[str, Any]:
        document = self.index.document(row)
        found = select(document, self.retrieved)
        if self.marked:
            shown = self._formatted(select(document, self.displayed), "")
            found["_formatted"] = select(shown, [*self.marked, *self.retrieved])
        if self.query["showRankingScore"]:
            found["_rankingScore"] = global_score(scores)
        return found

    def _formatted(self, value: Any, path: str) -> Any:
        if isinstance(value, dict):
            return {key: self._formatted(inner, f"{path}.{key}" if path else key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._formatted(inner, path) for inner in value]
        if isinstance(value, bool) or value is None:
            return value
        text = str(value)
        if not any(is_below(name, path) or is_below(path, name) for name in self.marked):
            return text
        languages = self.query["locales"] or self.index.words_so_far.languages(path)
        tags = self.query["highlightPreTag"], self.query["highlightPostTag"]
        return Text(text, self.wanted, self.tokenizer, languages).highlighted(tags)
