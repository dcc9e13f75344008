"""The options of `telekeep search`, and which of them can be combined."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from archiver.cli.parsing.parameters import Argument, Option
from archiver.cli.view.fields import TableShape, choose_table_shape
from archiver.compose.engine_choice import Choice
from archiver.compose.read_archive import When
from archiver.errors import UsageError
from search.engine.facets import NAMES, FacetName
from search.engine.protocol import Sort

if TYPE_CHECKING:
    from search.query.glossary import Glossary

Query: TypeAlias = Annotated[list[str], Argument(metavar="QUERY", help="Words and filters; see `telekeep help query`.")]
Channels: TypeAlias = Annotated[
    list[str] | None,
    Option("--channel", "-c", metavar="CHANNEL", help="Only this channel (repeatable)."),
]
Since: TypeAlias = Annotated[str | None, Option(metavar="DATE", help="Only messages from this time or day on.")]
Until: TypeAlias = Annotated[
    str | None, Option(metavar="DATE", help="Only messages up to the end of this day, or before this time.")
]
On: TypeAlias = Annotated[str | None, Option(metavar="DAY", help="Only this day, month, year, or range A..B.")]
Engine: TypeAlias = Annotated[Choice, Option(metavar="ENGINE", help="auto, exact or meilisearch.")]
Fuzzy: TypeAlias = Annotated[bool, Option("--fuzzy", help="Tolerate typos (Meilisearch only).")]
Expand: TypeAlias = Annotated[bool, Option("--expand", help="Also search for equivalent spellings from the glossary.")]
GlossaryFile: TypeAlias = Annotated[
    Path | None, Option("--glossary", metavar="FILE", help="Glossary to use instead of the configured one.")
]
Order: TypeAlias = Annotated[Sort, Option(metavar="ORDER", help="newest, oldest or relevance.")]
Limit: TypeAlias = Annotated[int, Option("-n", min=0, metavar="N", help="Maximum number of results; 0 = no limit.")]
Around: TypeAlias = Annotated[
    int, Option("-C", min=0, max=100, metavar="N", help="Show N messages before and after each hit.")
]
After: TypeAlias = Annotated[
    str | None, Option("--after", metavar="CURSOR", help="Continue after an earlier page of results.")
]
MorePages: TypeAlias = Annotated[bool, Option("--more", help="Continue the same search where its last page ended.")]
Collapse: TypeAlias = Annotated[bool, Option("--collapse", help="Group copies: forwards and near-identical texts.")]
Facet: TypeAlias = Annotated[
    str | None, Option(metavar="WHAT", help=f"Count hits by {', '.join(NAMES)} (comma-separated).")
]
Count: TypeAlias = Annotated[bool, Option("--count", help="Print only the exact number of hits.")]
Json: TypeAlias = Annotated[bool, Option("--json", help="Print a JSON array of rows.")]
Jsonl: TypeAlias = Annotated[bool, Option("--jsonl", help="Print one JSON row per line.")]
SEARCH_FORMATS = ("json", "jsonl", "csv", "markdown", "atom")
"""What `--format` prints."""
Format: TypeAlias = Annotated[
    str | None,
    Option("--format", metavar="FORMAT", help="json, jsonl, csv, markdown or atom; `export --query` has more."),
]
Web: TypeAlias = Annotated[bool, Option("--web", help="Open the search in your browser (extra: web).")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """The options as given."""

    channels: tuple[str, ...] = ()
    when: When
    sort: Sort = "newest"
    limit: int = 20
    around: int = 0
    count: bool = False
    shape: TableShape = "people"
    document: Literal["markdown", "atom"] | None = None
    """Print one of these instead of rows."""
    fields: str | None = None
    """Keys to print, separated by commas; None for all."""
    engine: Choice = "auto"
    fuzzy: bool = False
    glossary: Glossary | None = None
    """Equivalent spellings to search for as well."""
    facets: tuple[FacetName, ...] = ()
    """Count hits by these instead of showing rows."""
    collapse: bool = False
    """Show one row for each group of copies."""
    after: str | None = None
    """Cursor of an earlier page."""
    more: bool = False
    """Continue after the page that was shown last."""
    web: bool = False
    """Open the page instead of printing."""
    limit_given: bool = False
    """Whether the limit is not the default."""


def check_combination(options: SearchOptions) -> None:
    """Raise UsageError for options that cannot be combined."""
    counts = options.facets or options.count
    if options.facets and (options.count or options.collapse or options.around):
        raise UsageError(
            "--facet counts hits, so it cannot be combined with --count, --collapse or -C.", hint="Leave one out."
        )
    if options.document and (counts or options.shape != "people" or options.fields is not None):
        raise UsageError(
            f"--format {options.document} shows messages; --count, --facet, --fields and other formats do not apply."
        )
    pages = options.after is not None or options.more
    rows = options.shape != "people" or options.document or options.around or options.collapse
    if options.web and (counts or pages or rows):
        raise UsageError(
            "--web shows the search in a browser; options of the output have no effect.", hint="Omit them."
        )
    if options.collapse and options.around:
        raise UsageError("--collapse and -C cannot be combined.", hint="Leave one out.")
    if options.after is not None and counts:
        raise UsageError(
            "--after cannot be combined with --count or --facet, which count all hits.", hint="Leave --after out."
        )
    if options.more and (counts or options.after is not None):
        raise UsageError("--more cannot be combined with --after, --count or --facet.", hint="Leave --more out.")
    if options.fields is not None and counts:
        raise UsageError("--fields cannot be combined with --count or --facet.")


def choose_search_shape(
    named: str | None, *, json: bool, jsonl: bool, csv: bool, fields: str | None
) -> tuple[TableShape, Literal["markdown", "atom"] | None]:
    """The shape of rows, or the document, by --format and the shorter options. Raises UsageError."""
    if named in ("markdown", "atom"):
        shape = choose_table_shape(json=json, jsonl=jsonl, csv=csv, fields=None)
        return shape, "markdown" if named == "markdown" else "atom"
    shape = choose_table_shape(
        json=json or named == "json", jsonl=jsonl or named == "jsonl", csv=csv or named == "csv", fields=fields
    )
    return shape, None
