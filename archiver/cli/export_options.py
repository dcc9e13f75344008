"""The options of `telekeep export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from archiver.cli.parsing.parameters import Option
from archiver.export.edges.edge import EdgeKind

OutputOption: TypeAlias = Annotated[
    str, Option("--output", "-o", metavar="PATH", help="A new file, a directory, a pipe, or - for stdout.")
]
ExportFormatName: TypeAlias = Literal[
    "jsonl", "csv", "html", "desktop-json", "markdown", "atom", "parquet", "sqlite", "graphml"
]
FormatOption: TypeAlias = Annotated[
    ExportFormatName | None,
    Option("--format", metavar="FORMAT", help="See above; default: by the file name extension."),
]
FieldsOption: TypeAlias = Annotated[
    str | None, Option("--fields", metavar="A,B", help="Only these keys, in this order; jsonl, csv and parquet.")
]
IdsOnlyOption: TypeAlias = Annotated[bool, Option("--ids-only", help="Only channel_id and message_id of each message.")]
RevisionsOption: TypeAlias = Annotated[
    bool, Option("--revisions", help="Include earlier versions, under the key versions.")
]
ExportQueryOption: TypeAlias = Annotated[
    str | None, Option("--query", metavar="QUERY", help="Only matching messages; see `telekeep help query`.")
]
ExportUntilOption: TypeAlias = Annotated[
    str | None, Option(metavar="DATE", help="Only messages up to and including this day, or before this time.")
]
ExcelOption: TypeAlias = Annotated[
    bool, Option("--excel", help="CSV for spreadsheets: BOM, long ids as text, no formulas.")
]
MediaOption: TypeAlias = Annotated[
    Literal["copy", "link", "none"],
    Option("--media", metavar="HOW", help="Also the stored files: copy, link (hard links), none (default)."),
]
PseudonymiseOption: TypeAlias = Annotated[
    Literal["users"] | None,
    Option(
        "--pseudonymise", metavar="WHOM", help="users: replace the names and ids of persons, by a key; not anonymous."
    ),
]
PseudonymKeyOption: TypeAlias = Annotated[
    Path | None,
    Option("--pseudonym-key", metavar="FILE", help="File of that key, made on first use; default: in the archive."),
]
EdgesOption: TypeAlias = Annotated[
    EdgeKind | None,
    Option("--edges", metavar="WHAT", help="A network of forwards, mentions or links instead; csv or graphml."),
]
WeightsOption: TypeAlias = Annotated[
    bool, Option("--weights", help="With --edges: one edge between two nodes, with a count.")
]
PartitionOption: TypeAlias = Annotated[
    Literal["channel-month"] | None,
    Option("--partition", metavar="HOW", help="Parquet in a directory: a file for each channel and month."),
]
ForceOption: TypeAlias = Annotated[bool, Option("--force", help="Replace an existing file.")]
AppendOption: TypeAlias = Annotated[
    bool, Option("--append", help="Add a file with only what is new or changed since the last one.")
]
DryRunOption: TypeAlias = Annotated[bool, Option("--dry-run", help="Write nothing; estimate rows, bytes and seconds.")]
