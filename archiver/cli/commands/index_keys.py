"""`telekeep index keys`: keys that may do no more than they need, made with the master key."""

from __future__ import annotations

import getpass
import os
import select
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archiver.cli import interrupted, output

if TYPE_CHECKING:
    from config.settings import MeilisearchSettings
    from search.meili.admin import Admin

EXIT_STATUS = {0: "made, or there already", 2: "wrong usage, the key is refused, or the server cannot be reached"}
MASTER_KEY = "MEILI_MASTER_KEY"
INDEXER = (
    "documents.add", "documents.get", "documents.delete", "tasks.get", "tasks.delete", "stats.get", "settings.get",
    "settings.update", "indexes.create", "indexes.get", "indexes.delete", "indexes.swap",
)  # fmt: skip
"""What filling and rebuilding need. https://www.meilisearch.com/docs/reference/api/keys#actions"""
SEARCH = ("search",)
PATIENCE = 2.0
"""Seconds that standard input has for a key when the environment has one: nobody may ever write to it."""
FILES = {"api_key": "meili-write.key", "search_key": "meili-search.key"}


def command(
    context: typer.Context,
    *,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="Write them into files there, mode 0600.")
    ] = None,
    remotes: Annotated[
        bool, typer.Option("--remotes", help="Also tell several servers of each other, so that one is asked for all.")
    ] = False,
) -> int:
    """Make a key that fills the index and one that searches it.

    \b
    Examples:
      telekeep index keys --into ~/.config/telekeep
      telekeep index keys < master.key

    The master key is read from standard input, from MEILI_MASTER_KEY, or from a prompt; it is used once and kept
    nowhere. The section for telekeep.toml goes to stdout; without --into the keys are in it. Keys that were made before
    are given again.
    """
    return interrupted.run(run(context.obj.settings().meilisearch, into=into, remotes=remotes))


async def run(settings: MeilisearchSettings, *, into: Path | None, remotes: bool) -> int:
    """Make them. Returns the exit status. Raises UsageError and what the server says."""
    from archiver.compose.index import closing, expect_addresses
    from archiver.errors import UsageError

    expect_addresses(settings)
    master_key = _read_master_key()
    if not master_key:
        raise UsageError("no master key was given.", hint=f"Type it, pipe it in, or set {MASTER_KEY}.")
    from search.meili.admin import Admin

    name = settings.index
    async with closing([Admin(url, master_key, index=name) for url in settings.addresses]) as nodes:
        for node in nodes:
            await node.check_version()  # the keys themselves may not ask
        keys = {
            "api_key": await _make(nodes, f"telekeep indexer of {name}", INDEXER, [name, f"{name}_next"]),
            "search_key": await _make(nodes, f"telekeep search in {name}", SEARCH, [name]),
        }
        if remotes:
            addresses = dict(zip([node.name for node in nodes], settings.addresses, strict=True))
            for node in nodes:
                await node.meet(addresses, keys["search_key"])
            output.note(f"each of {len(nodes)} servers knows the others.")
    lines = keys if into is None else _write(into, keys)
    _print_section(settings, lines)
    private = ", and let nobody else read it (chmod 600)" if into is None else ""
    output.note(f"put these lines into telekeep.toml in place of its section [meilisearch], if any{private}.")
    return 0


def _print_section(settings: MeilisearchSettings, keys: Mapping[str, str]) -> None:
    """The lines for telekeep.toml, whole: the address may have been in the environment only."""
    output.line("[meilisearch]")
    urls = ", ".join(f'"{url}"' for url in settings.addresses)
    output.line(f"urls = [{urls}]" if settings.urls else f"url = {urls}")
    if settings.index != type(settings).model_fields["index"].default:
        output.line(f'index = "{settings.index}"')
    for setting, value in keys.items():
        output.line(f'{setting} = "{value}"')


async def _make(nodes: Sequence[Admin], name: str, actions: tuple[str, ...], indexes: list[str]) -> str:
    """A key of that name that may do just this, on every node; one that was made before if there is one.

    A key is made of its `uid` and the master key, and the `uid` of what it may: so it is the same on all nodes, and
    on a server that lost everything.
    """
    from archiver.errors import UsageError

    found = [await _find(node, name, actions, indexes) for node in nodes]
    uid = next((one["uid"] for one in found if one), _uid(name, actions, indexes))
    keys = []
    for node, known in zip(nodes, found, strict=True):
        if known is None or known["uid"] != uid:
            keys.append(await node.create_key(uid, name, actions, indexes))
        else:
            keys.append(str(known["key"]))
    for node, key in zip(nodes, keys, strict=True):
        if key != keys[0]:
            raise UsageError(
                f"{node.name} has another master key than {nodes[0].name}.",
                hint="Start all nodes with the same one: a key of telekeep opens all of them.",
            )
    return keys[0]


def _uid(*what: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"telekeep:{what}"))


async def _find(node: Admin, name: str, actions: tuple[str, ...], indexes: list[str]) -> dict[str, Any] | None:
    for known in await node.list_keys():
        same = known.get("name") == name or known["uid"] == _uid(name, actions, indexes)
        if (
            same
            and known.get("expiresAt") is None
            and set(known["actions"]) == set(actions)
            and set(known["indexes"]) == set(indexes)
        ):
            return known
    return None


def _read_master_key() -> str:
    known = os.environ.get(MASTER_KEY, "")
    if not sys.stdin:  # closed
        return known
    if sys.stdin.isatty():
        return known or getpass.getpass("Master key of Meilisearch: ").strip()
    if known and not select.select([sys.stdin], [], [], PATIENCE)[0]:
        return known
    return sys.stdin.readline().strip() or known


def _write(directory: Path, keys: Mapping[str, str]) -> dict[str, str]:
    """Put each key into a file; the settings that name the files."""
    written = {}
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for setting, key in keys.items():
        path = directory / FILES[setting]
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{key}\n")
        written[f"{setting}_file"] = str(path.resolve())
    return written
