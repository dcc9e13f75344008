"""Where a content comes from that Telegram did not show, and what else imports say, in words. Untrusted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from archiver.cli import output
from archiver.cli.terminal import isolate, terminal_safe
from archiver.cli.view import figures
from archiver.cli.view.moments import Moments, write_day
from archiver.model.imported import VALUES_KEY
from archiver.model.other_values import ALTERED, FILE, NAMES, TIMES
from archiver.store.imports.import_source import ImportRecord

if TYPE_CHECKING:
    from archiver.reading.imported_from import MessageImports, PostedDay


def describe_import(record: ImportRecord, moments: Moments) -> str:
    """`imported 30 Nov 2026 from result.json (desktop-json); not seen on Telegram by telekeep`."""
    older = "" if record.newest is None else f", not older than {moments.date(record.newest)}"
    return (
        f"imported {moments.at(record.at)} from {record.file_name} ({record.format}{older});"
        " not seen on Telegram by telekeep"
    )


def say_posted_day(posted: PostedDay) -> str:
    """`15 Nov 2023 (Asia/Tehran), time not known`: what an export shows of a service message."""
    return f"{write_day(posted.day)}{posted.where}, time not known"


def describe_capture(record: ImportRecord | None, moments: Moments) -> str:
    """`, by another telekeep (archive.db, merged 30 Nov 2026)`; empty for what this archive captured."""
    if record is None:
        return ""
    return f", by another telekeep ({record.file_name}, merged {moments.date(record.at)})"


def describe_claim(file: str) -> str:
    """`the import of result.json`."""
    return f"the import of {isolate(terminal_safe(file))}"


def say_others(others: Sequence[str]) -> str:
    """`an import has another date, forward: telekeep show names both`."""
    return f"an import has another {', '.join(others)}: telekeep show names both"


def describe_contents(count: int, file: str) -> str:
    """`other content in the import of result.json`: telekeep did not see it on Telegram."""
    return f"other content in {describe_claim(file)}" if count == 1 else f"{count:,} other versions in imports"


def describe_imports(imports: MessageImports, moments: Moments, *, in_history: bool = False) -> Iterator[str]:
    """What each import filled, and what it has otherwise."""
    for record, found in imports.differences():
        filled, other = found.get("filled") or {}, found.get("other") or {}
        parts = [f"{_name(name)} {_value(name, one, moments)}" for name, one in other.items()]
        if found.get("text"):
            parts.insert(0, f"another text ({'shown above' if in_history else 'telekeep history shows it'})")
        if found.get(ALTERED):
            parts.append("the file does not match its manifest: it was changed after the export")
        if before := (found.get("assumed") or {}).get("before"):
            parts.append(f"date {_plain('date', before['date'], moments)} by --tz {before['tz']}, since corrected")
        if filled:
            parts.append(f"filled in: {', '.join(dict.fromkeys(map(_name, filled)))}")
        if parts:
            yield f"{record.file_name}: {'; '.join(parts)}"


def describe_relayed(extra: str | None, imports: MessageImports) -> Iterator[str]:
    """What imports had otherwise in the archive that exported a row; this one knows only that."""
    if extra is None or VALUES_KEY not in extra or any(imports.other_values()):
        return
    for key, values in orjson.loads(extra)[VALUES_KEY].items():
        listed = ", ".join(orjson.dumps(one).decode() for one in values)
        yield f"in imports of the archive that exported it: {_name(key)} {terminal_safe(listed)}"


def describe_brought(
    messages: int, parts: Iterable[str], beside: Sequence[str] = (), *, is_change: bool, is_dry_run: bool
) -> str:
    """What an import brought to a channel. `messages`: all it has; `parts`: what became of them; `beside`: the rest."""
    if not messages:
        return "no messages"
    if not is_change:
        known = f"{figures.count(messages, 'message')}, {'already known' if messages == 1 else 'all already known'}"
        return f"{known}; {', '.join(beside) or ('nothing would change' if is_dry_run else 'nothing changed')}"
    return "; ".join(filter(None, [", ".join(parts), *beside]))


def describe_kept_as_imported(mirrored: str, *, as_of: str | None = None, is_dry_run: bool) -> str:
    """What a channel is that only imports know. `mirrored`: how to mirror it; `as_of`: when its source was complete."""
    verb = "would be kept" if is_dry_run else "is kept"
    if as_of is None:
        return f"{verb} as imported, not mirrored; what is missing is not known. {mirrored}"
    return f"{verb} as imported, as of {as_of}, not mirrored. {mirrored}"


def report_end(path: Path, *, is_empty: bool, is_dry_run: bool) -> None:
    """Say whether there was nothing to import, and whether it was a dry run."""
    if is_empty:
        output.error(f"{path}: there are no messages in it.")
    if is_dry_run:
        output.note("nothing was written (--dry-run)")


def _name(column: str) -> str:
    return NAMES.get(column, column.replace("_", " "))


def _value(name: str, both: Mapping[str, Any], moments: Moments) -> str:
    values = [both.get(key) for key in ("imported", "held")]
    theirs, ours = (_plain(name, value, moments) for value in values)
    if theirs == ours and name in TIMES:  # within a minute
        theirs, ours = (moments.at(value, seconds=True) for value in values if isinstance(value, int))
    return f"{theirs} instead of {ours}"


def _file(value: Mapping[str, Any] | None) -> str:
    """`photo, 12.3 KB, SHA-256 94b50d1c12f88675…`."""
    if value is None:
        return "none"
    size, sha256 = value.get("size"), value.get("sha256")
    parts = [str(value.get("kind")), *([figures.size(size)] if isinstance(size, int) else [])]
    return ", ".join([*parts, f"SHA-256 {str(sha256)[:16]}…" if sha256 else "not stored"])


def _plain(name: str, value: Any, moments: Moments) -> str:
    if name in TIMES and isinstance(value, int):
        return moments.at(value)
    if name.startswith(FILE):
        return _file(value)
    if isinstance(value, Mapping):
        return " ".join(str(one) for one in value.values())
    return str(value)
