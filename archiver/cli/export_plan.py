"""What `telekeep export` writes, how and where; and which options cannot be combined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from archiver.cli import output
from archiver.cli.view.fields import parse_fields
from archiver.cli.view.shape import Shape
from archiver.errors import UsageError
from archiver.export.append.names import list_numbers
from archiver.export.edges.edge import EdgeKind
from archiver.export.formats.registry import ENDINGS, FORMATS, ExportFormat, partitioned
from archiver.export.place import Stream, find_folder, find_place
from archiver.model.row import KEYS

_SPREADSHEETS = (".xlsx", ".xls", ".ods")
IDS = ("channel_id", "message_id")
"""The keys of --ids-only."""
_STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPlan:
    """The form of an export, and its place."""

    form: ExportFormat
    out: str
    fields: tuple[str, ...] | None = None
    excel: bool = False
    revisions: bool = False
    media: Literal["copy", "link", "none"] = "none"
    edges: EdgeKind | None = None
    force: bool = False
    pseudonymise: bool = False
    pseudonym_key: Path | None = None
    append: bool = False
    """Whether to continue a series by what is new or changed."""
    dry_run: bool = False
    shape: Shape = "people"

    def find_place(self, archive: Path) -> Path | Stream:
        """Find the place to write to. Raises UsageError for what must not be replaced."""
        if self.form.make_folder is not None:
            return find_folder(self.out, self.form.name, force=self.force, archive=archive)
        name = self.form.file_name
        force = self.force or self.append
        place = find_place(self.out, self.form.name, force=force, archive=archive, file_name=name)
        if self.append and isinstance(place, Stream):
            raise UsageError("--append needs a file to continue.", hint="Use -o FILE.")
        if not self.append and isinstance(place, Path):
            _expect_no_parts(place)
        if self.media != "none" and isinstance(place, Stream):
            raise UsageError(
                f"--media {self.media} needs a data file, since the files go beside it.", hint="Use -o FILE."
            )
        return place


def _expect_no_parts(place: Path) -> None:
    """Raise UsageError if other files continue this one."""
    names = [one.name for one in place.parent.iterdir()] if place.parent.is_dir() else []
    if list_numbers(place.name, names):
        from archiver.export.append.series import expect_no_parts

        expect_no_parts(place)


def plan_export(
    *,
    out: str,
    format_name: str | None,
    fields: str | None,
    ids_only: bool,
    partition: str | None,
    revisions: bool,
    excel: bool,
    media: Literal["copy", "link", "none"] = "none",
    force: bool,
    append: bool = False,
    pseudonymise: bool = False,
    pseudonym_key: Path | None = None,
    edges: EdgeKind | None = None,
    weights: bool = False,
    dry_run: bool,
    shape: Shape,
) -> ExportPlan:
    """Make the plan from the options. Raises UsageError if they contradict each other."""
    if edges is not None and (fields is not None or ids_only or revisions or media != "none"):
        raise UsageError(
            "--edges cannot be combined with --fields, --ids-only, --revisions or --media.", hint="Leave them out."
        )
    name = format_name or _format_of(out, is_partitioned=partition is not None, is_network=edges is not None)
    form = _choose_form(name, edges, weights=weights, partition=partition)
    _expect_separate_outputs(out, format_name, shape, dry_run=dry_run)
    plan = ExportPlan(
        form=form,
        out=out,
        fields=_choose_fields(form, fields, ids_only=ids_only, revisions=revisions),
        revisions=revisions,
        excel=excel,
        media=media,
        force=force,
        append=append,
        pseudonymise=pseudonymise,
        pseudonym_key=pseudonym_key,
        edges=edges,
        dry_run=dry_run,
        shape=shape,
    )
    _expect_combinable(plan)
    if media != "none":
        _expect_files(plan, ids_only=ids_only)
    if append:
        _expect_appendable(plan)
    return plan


def _choose_form(name: str, edges: EdgeKind | None, *, weights: bool, partition: str | None) -> ExportFormat:
    """The format of this name, as `--edges`, `--weights` and `--partition` change it."""
    form = _choose_plain_form(name, weights=weights) if edges is None else _choose_edge_form(name, edges, weights)
    if partition is None:
        return form
    if form.name != "parquet":
        raise UsageError("--partition needs Parquet.", hint="Use --format parquet.")
    return partitioned(form)


def _choose_plain_form(name: str, *, weights: bool) -> ExportFormat:
    hint = "Add --edges forwards, mentions or links."
    if weights:
        raise UsageError("--weights has no effect without --edges.", hint=hint)
    if name not in FORMATS:
        raise UsageError(f"{name} is a format of networks.", hint=hint)
    return FORMATS[name]


def _choose_edge_form(name: str, edges: EdgeKind, weights: bool) -> ExportFormat:
    from archiver.export.edges.formats import EDGE_FORMATS, edge_format

    if name not in EDGE_FORMATS:
        raise UsageError(f"--edges cannot be written as {name}.", hint=f"Use --format: {', '.join(EDGE_FORMATS)}.")
    return edge_format(edges, name, weights=weights)


def _choose_fields(
    form: ExportFormat, fields: str | None, *, ids_only: bool, revisions: bool
) -> tuple[str, ...] | None:
    """The keys of `--fields` or `--ids-only`; None for all."""
    if ids_only and fields is not None:
        raise UsageError("--ids-only and --fields cannot be combined.")
    chosen = IDS if ids_only else parse_fields(fields, (*KEYS, "versions"))
    if chosen is not None and "versions" in chosen and not revisions:
        raise UsageError("the field versions needs --revisions.", hint="Add it.")
    if chosen is not None and "versions" not in chosen and revisions:
        how = "--ids-only" if ids_only else "--fields"
        raise UsageError(
            f"--revisions adds the field versions, which {how} leaves out.",
            hint="Leave out --revisions, or write --fields with versions.",
        )
    if chosen is not None and not form.has_fields:
        able = ", ".join(one.name for one in FORMATS.values() if one.has_fields)
        raise UsageError(f"{form.name} has no fields to choose from.", hint=f"Use --format: {able}.")
    return chosen


def _expect_combinable(plan: ExportPlan) -> None:
    """Raise UsageError if an option does not go with the format, or has no effect."""
    if plan.excel and plan.form.name not in ("csv", "edges-csv"):
        raise UsageError("--excel needs CSV.", hint="Use --format csv.")
    if plan.pseudonymise and plan.form.name == "sqlite":
        raise UsageError(
            "--pseudonymise cannot be used with sqlite: an archive has the messages as Telegram sent them.",
            hint="Use another format.",
        )
    if plan.pseudonym_key is not None and not plan.pseudonymise:
        raise UsageError("--pseudonym-key has no effect without --pseudonymise.", hint="Add --pseudonymise users.")


def _expect_files(plan: ExportPlan, *, ids_only: bool) -> None:
    """Raise UsageError if files cannot go with the rows."""
    if plan.form.name == "sqlite":
        raise UsageError(
            "--media and sqlite cannot be combined: its rows say that the files are elsewhere.",
            hint="Export the files with another format, such as jsonl; the rows of both have their SHA-256.",
        )
    if ids_only:
        raise UsageError(
            f"--ids-only and --media {plan.media} cannot be combined: a list of ids has no place for files.",
            hint="Leave out one of them.",
        )


def _expect_appendable(plan: ExportPlan) -> None:
    """Raise UsageError if a series of files cannot have this form."""
    if plan.force:
        raise UsageError("--append and --force cannot be combined: one keeps what is there, the other replaces it.")
    if plan.form.make_image is None:
        able = ", ".join(one.name for one in FORMATS.values() if one.make_image is not None)
        how = "--edges" if plan.edges else "--partition" if plan.form.has_fields else plan.form.name
        instead = f"leave out {how}" if how.startswith("--") else f"use --format: {able}"
        raise UsageError(
            f"--append cannot continue {how}: its files refer to each other, or are one document.",
            hint=f"Export it again with --force, or {instead}.",
        )
    if plan.media != "none":
        raise UsageError("--append and --media cannot be combined.", hint="Export the files with a separate command.")
    if plan.fields is not None and not set(IDS) <= set(plan.fields):
        raise UsageError(f"--append needs {' and '.join(IDS)} to identify each message.", hint="Add them to --fields.")


def _expect_separate_outputs(out: str, format_name: str | None, shape: Shape, *, dry_run: bool) -> None:
    """Raise UsageError if rows and JSON would be mixed; warn if the name says another format than the option."""
    if shape != "people" and out in _STDOUT and not dry_run:
        raise UsageError(f"--{shape} and the rows cannot both go to standard output.", hint="Use -o FILE.")
    ending = Path(out).suffix.lower()
    named = ending[1:] if ending in _SPREADSHEETS else ENDINGS.get(ending)
    if format_name is not None and named not in (None, format_name):
        output.warn(f"{out} is written as {format_name} (--format), but its name says {named}.")


def _format_of(out: str, *, is_partitioned: bool, is_network: bool) -> str:
    """The format by file name extension; without one, as for a directory, a pipe or standard output, JSON Lines."""
    ending = Path(out).suffix.lower()
    if ending in ENDINGS:
        return ENDINGS[ending]
    if is_partitioned:
        return "parquet"
    if ending in _SPREADSHEETS:
        csv = Path(out).with_suffix(".csv")
        raise UsageError(f"{ending} files are not written.", hint=f"A spreadsheet opens CSV: --excel -o {csv}")
    if is_network and (not ending or out.endswith("/")):
        return "csv"
    if not ending or out.endswith("/") or (Path(out).exists() and not Path(out).is_file()):
        return "jsonl"
    if is_network:
        from archiver.export.edges.formats import EDGE_FORMATS

        raise _unknown_ending(ending, EDGE_FORMATS)
    if ending in (".html", ".htm"):
        raise UsageError("html is a directory of files.", hint=f"Use --format html -o {Path(out).with_suffix('')}/")
    raise _unknown_ending(ending, tuple(FORMATS))


def _unknown_ending(ending: str, names: Sequence[str]) -> UsageError:
    return UsageError(f"unknown file name extension {ending}.", hint=f"Use --format: {', '.join(names)}.")
