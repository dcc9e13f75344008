"""Probes of finding: (language, whether it should match, question, text), as people of that language would write.

`tuned.tsv` was written with the rules in view, `heldout*.tsv` before they were tried on it (docs/performance.md has the
figures of the first look). Run by `tests/probe/test_probes.py`, figures by `scripts/bench`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from archiver.model.language import name_language
from search.document import Document
from search.engine.protocol import Engine, Question
from search.query.filters import Context
from search.query.parse import parse

FOLDER = Path(__file__).parent
_CONTEXT = Context(now=datetime(2026, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Probe:
    """One case."""

    language: str
    should_match: bool
    question: str
    text: str


def read(name: str) -> list[Probe]:
    """The probes of a file here."""
    lines = (FOLDER / name).read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [Probe(language, should == "yes", question, text) for language, should, question, text in rows]


def documents(probes: Sequence[Probe]) -> list[Document]:
    """All texts in one archive, numbered from 1, so that each question meets all of them; labelled as in an archive."""
    return [
        Document(channel_id=1, message_id=at, date=at, text=one.text, lang=name_language(one.text) or None)
        for at, one in enumerate(probes, 1)
    ]


def question(probe: Probe) -> Question:
    """What is asked, of all messages at once."""
    return Question(tree=parse(probe.question, _CONTEXT), limit=1000)


async def wrong(probes: Sequence[Probe], engine: Engine) -> list[Probe]:
    """Those that the engine, filled with the documents, answers otherwise than they should be."""
    found = []
    for at, one in enumerate(probes, 1):
        hits = (await engine.search(question(one))).hits
        if any(hit.message_id == at for hit in hits) != one.should_match:
            found.append(one)
    return found
