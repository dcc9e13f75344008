"""Hints when nothing was found: parts found separately, similar words, a range in the future."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from archiver.cli.view.moments import Moments
from archiver.store.database import Connection
from search.engine.protocol import Engine, Question
from search.exact.reader import ExactEngine
from search.exact.respell import list_similar
from search.query.dates import Bounds
from search.query.scope import Scope, includes_annotations
from search.query.tree import EVERYTHING, And, InAnnotations, Node, Not, Or, PostedWithin, Prefix, Word, text_leaves
from search.query.write import write

SECONDS = 0.3
"""Time limit of each count."""
_PARTS = 8
"""Maximum number of parts and words to try."""
_TRIED, _SHOWN = 10, 5
"""Similar words that are counted, and shown."""


async def explain(conn: Connection, engine: Engine, question: Question, moments: Moments) -> list[str]:
    """Lines that say why nothing may have been found; empty if unknown."""
    if (since := _since(question)) is not None and since > moments.now:
        return [f"the dates are in the future: from {moments.at(since)} on; it is now {moments.at(moments.now)}"]
    if not isinstance(engine, ExactEngine):
        return []
    return [
        *await _annotated(engine, question),
        *await _outside(engine, question),
        *await _alone(engine, question),
        *await _similar(conn, engine, question),
    ]


def _since(question: Question) -> float | None:
    """When the range of the question begins."""
    bounds = question.bounds
    for part in _parts(question.tree):
        if isinstance(part, PostedWithin):
            bounds = bounds.intersect(part.bounds)
    return None if bounds.since is None else bounds.since.timestamp()


async def _annotated(engine: ExactEngine, question: Question) -> list[str]:
    """Number of hits with what programs made of attached files."""
    if includes_annotations(question.tree) or not any(text_leaves(question.tree)):
        return []
    wider = replace(question, tree=And((question.tree, InAnnotations())), cursor=None)
    found = await engine.count_within(wider, SECONDS)
    return [f"in transcripts and texts in pictures: {found:,} found; add in:annotations"] if found else []


async def _outside(engine: ExactEngine, question: Question) -> list[str]:
    """Number of hits in other channels and at other times."""
    if question.tree == EVERYTHING or (question.channels is None and question.bounds == Bounds()):
        return []
    found = await engine.count_within(_everywhere(question, question.tree), SECONDS)
    limits = [
        *(["in all channels"] if question.channels is not None else []),
        *(["at any time"] if question.bounds != Bounds() else []),
    ]
    return [f"{', '.join(limits)}: {found:,} found"] if found else []


async def _alone(engine: ExactEngine, question: Question) -> list[str]:
    """Number of hits of each part of the query on its own."""
    parts = [part for part in _parts(question.tree) if not isinstance(part, Scope)]
    if len(parts) < 2:
        return []
    wanted = islice((part for part in parts if not isinstance(part, Not)), _PARTS)
    counts = [(part, await engine.count_within(_everywhere(question, part), SECONDS)) for part in wanted]
    said = [f"{write(part)} {found:,}" for part, found in counts if found is not None]
    return [f"found separately: {' · '.join(said)}"] if said else []


async def _similar(conn: Connection, engine: ExactEngine, question: Question) -> list[str]:
    """Similar words for each word that the archive does not have."""
    lines = []
    for leaf in islice(text_leaves(question.tree), _PARTS):
        for word in () if isinstance(leaf, Prefix) else leaf.needle.terms:
            if await _exists(engine, _everywhere(question, Word(word))):
                continue
            found = [
                (similar.distance, -count, similar.word)
                for similar in await list_similar(conn, word, _TRIED)
                if (count := await engine.count_within(_everywhere(question, Word(similar.word)), SECONDS))
            ]
            nearest = sorted(found, key=lambda one: (one[0], one[1], len(one[2]), one[2]))
            if words := [f"{similar} {count:,}" for similar, count in await _distinct(engine, question, nearest)]:
                lines.append(f"no archived message has {word}; messages with similar words: {' · '.join(words)}")
    return list(dict.fromkeys(lines))


async def _distinct(
    engine: ExactEngine, question: Question, nearest: Iterable[tuple[int, int, str]]
) -> list[tuple[str, int]]:
    """The words, without those that only find the messages of an earlier one, as its other forms do."""
    kept: list[tuple[str, int]] = []
    for _, negative, word in nearest:
        same = [one for one, count in kept if count == -negative]
        both = [_everywhere(question, Or((Word(one), Word(word)))) for one in same]
        if not any([await engine.count_within(one, SECONDS) == -negative for one in both]):
            kept.append((word, -negative))
        if len(kept) == _SHOWN:
            break
    return kept


async def _exists(engine: ExactEngine, question: Question) -> bool:
    """Whether anything is found; that is known sooner than how much."""
    return bool((await engine.search(replace(question, sort="newest", limit=1))).hits)


def _everywhere(question: Question, tree: Node) -> Question:
    """The question with another tree, in all channels and without dates."""
    scopes = tuple(part for part in _parts(question.tree) if isinstance(part, Scope))
    tree = And((tree, *scopes)) if scopes else tree
    return replace(question, tree=tree, bounds=Bounds(), channels=None, cursor=None)


def _parts(tree: Node) -> tuple[Node, ...]:
    return tree.parts if isinstance(tree, And) else (tree,)
