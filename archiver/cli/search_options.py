"""What `telekeep search` can be asked for, besides the query: its options, and which of them go together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from archiver.compose.engine import Choice
from archiver.compose.read_archive import When
from archiver.errors import UsageError
from search.engine.facets import NAMES, FacetName
from search.engine.protocol import Sort

if TYPE_CHECKING:
    from search.query.glossary import Glossary

Query: TypeAlias = Annotated[
    list[str], typer.Argument(metavar="QUERY", help="Words and filters; see `telekeep help query`.")
]
Channels: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--channel", "-c", metavar="CHANNEL", help="Only in this channel; may be repeated."),
]
Since: TypeAlias = Annotated[str | None, typer.Option(metavar="DATE", help="From this instant, or day's beginning.")]
Until: TypeAlias = Annotated[str | None, typer.Option(metavar="DATE", help="Before this instant; a day is included.")]
On: TypeAlias = Annotated[str | None, typer.Option(metavar="DAY", help="A day, month, year, or A..B.")]
Zone: TypeAlias = Annotated[str, typer.Option(metavar="ZONE", help="The zone that days are counted in.")]
Engine: TypeAlias = Annotated[Choice, typer.Option(metavar="ENGINE", help="auto, exact or meilisearch.")]
Fuzzy: TypeAlias = Annotated[bool, typer.Option("--fuzzy", help="Forgive typing errors (Meilisearch only).")]
Expand: TypeAlias = Annotated[
    bool, typer.Option("--expand", help="Also the other spellings of the glossary; says which.")
]
GlossaryFile: TypeAlias = Annotated[
    Path | None, typer.Option("--glossary", metavar="FILE", help="Instead of the one of the settings.")
]
Order: TypeAlias = Annotated[Sort, typer.Option(metavar="ORDER", help="newest, oldest or relevance.")]
Limit: TypeAlias = Annotated[int, typer.Option("-n", min=0, metavar="N", help="At most N; 0 for all.")]
Around: TypeAlias = Annotated[
    int, typer.Option("-C", min=0, max=100, metavar="N", help="With N messages before and after, marked.")
]
After: TypeAlias = Annotated[
    str | None, typer.Option("--after", metavar="CURSOR", help="Go on where the last answer ended.")
]
Collapse: TypeAlias = Annotated[
    bool, typer.Option("--collapse", help="One row for all copies: forwards, and texts that read alike.")
]
Facet: TypeAlias = Annotated[
    str | None, typer.Option(metavar="WHAT", help=f"Count by {', '.join(NAMES)}; several with commas.")
]
Count: TypeAlias = Annotated[bool, typer.Option("--count", help="Only how many, exactly.")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON array of rows.")]
Jsonl: TypeAlias = Annotated[bool, typer.Option("--jsonl", help="One JSON row a line.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for, besides the query."""

    channels: tuple[str, ...] = ()
    when: When
    sort: Sort = "newest"
    limit: int = 20
    around: int = 0
    count: bool = False
    shape: Literal["people", "json", "jsonl"] = "people"
    engine: Choice = "auto"
    fuzzy: bool = False
    glossary: Glossary | None = None
    """The spellings that are asked for too."""
    facets: tuple[FacetName, ...] = ()
    """What is counted by, instead of rows."""
    collapse: bool = False
    """One row for all copies."""
    after: str | None = None
    """The cursor of an earlier answer."""


def refuse(options: Options, *, both: bool) -> None:
    """Raise UsageError for options that do not go together; `both`: --json and --jsonl."""
    if both:
        raise UsageError("--json and --jsonl cannot be combined.")
    if options.facets and (options.count or options.collapse or options.around):
        raise UsageError("--facet counts hits; --count, --collapse and -C show something else.", hint="Ask one by one.")
    if options.collapse and options.around:
        raise UsageError("--collapse and -C cannot be combined: copies are in several places.")
    if options.after is not None and (options.facets or options.count):
        raise UsageError("--after continues rows; counts are of all hits.", hint="Leave it out.")
