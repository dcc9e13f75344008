"""`telekeep index keys`: create API keys with minimal permissions, using the master key."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import select
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from archiver.cli import interrupted, output
from archiver.cli.parsing.parameters import CommandContext, Option

if TYPE_CHECKING:
    from config.settings import MeilisearchSettings
    from search.meili.admin import Admin

EXIT_STATUS = {0: "created, or they already exist", 2: "wrong usage, the key is refused, or the server is unreachable"}
MASTER_KEY = "MEILI_MASTER_KEY"
INDEXER = (
    "documents.add", "documents.get", "documents.delete", "tasks.get", "tasks.delete", "stats.get", "settings.get",
    "settings.update", "indexes.create", "indexes.get", "indexes.delete", "indexes.swap",
)  # fmt: skip
"""Actions needed to fill and rebuild the index. https://www.meilisearch.com/docs/reference/api/keys#actions"""
SEARCH = ("search",)
STDIN_TIMEOUT = 2.0
"""Seconds to wait for a key on standard input if the environment has one: nothing may ever be written to it."""
_MADE = tuple(("meilisearch", name) for name in ("api_key", "api_key_file", "search_key", "search_key_file"))
"""What this command makes: section and name."""
FILES = {"api_key": "meili-write.key", "search_key": "meili-search.key"}


def command(
    context: CommandContext,
    *,
    into: Annotated[
        Path | None, Option("--into", metavar="DIR", help="Write the keys to files in DIR, mode 0600.")
    ] = None,
    remotes: Annotated[
        bool, Option("--remotes", help="Also register several servers with each other, for federated search.")
    ] = False,
    url: Annotated[
        str | None, Option("--url", metavar="URL", help="The server, if [meilisearch] url is not set yet.")
    ] = None,
) -> int:
    """Create a key that fills the index and one that searches it.

    \b
    Examples:
      telekeep index keys --into ~/.config/telekeep
      telekeep index keys --url http://127.0.0.1:7700 < master.key

    The master key is read from standard input, MEILI_MASTER_KEY or a prompt; it is used once and not stored. The
    section for telekeep.toml goes to stdout; without --into it contains the keys. Existing keys are returned again.
    """
    settings = context.obj.settings_without(*_MADE).meilisearch  # its files may not exist yet
    return interrupted.run(run(_at(settings, url), into=into, remotes=remotes))


def _at(settings: MeilisearchSettings, url: str | None) -> MeilisearchSettings:
    """The settings for the server of --url, if it is given. Raises UsageError."""
    from archiver.errors import UsageError

    if url is None:
        return settings
    try:
        return type(settings)(url=url, index=settings.index)
    except ValueError:  # pydantic's own text would show a password in it
        raise UsageError(
            "--url is not an http:// or https:// address.", hint="An example: http://127.0.0.1:7700"
        ) from None


async def run(settings: MeilisearchSettings, *, into: Path | None, remotes: bool) -> int:
    """Create the keys. Returns the exit status. Raises UsageError and ServerError."""
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
            await node.check_version()  # the new keys are not allowed to
        keys = {
            "api_key": await _make(nodes, f"telekeep indexer of {name}", INDEXER, [name, f"{name}_next"]),
            "search_key": await _make(nodes, f"telekeep search in {name}", SEARCH, [name]),
        }
        if remotes:
            addresses = dict(zip([node.name for node in nodes], settings.addresses, strict=True))
            await _register(nodes, addresses, keys["search_key"])
            output.note(f"each of the {len(nodes)} servers knows the others and can ask them.")
    lines = keys if into is None else _write(into, keys)
    _print_section(settings, lines)
    private = ", and make the file private (chmod 600)" if into is None else ""
    output.note(f"put these lines in telekeep.toml, replacing its section [meilisearch] if any{private}.")
    return 0


async def _register(nodes: Sequence[Admin], addresses: Mapping[str, str], key: str) -> None:
    """Let the nodes know each other, and let each ask the others; undo it if one cannot. Raises UsageError."""
    from archiver.errors import UsageError
    from search.errors import ServerError

    if len(nodes) < 2:
        raise UsageError("--remotes needs several servers.", hint="Set [meilisearch] urls, or omit the option.")
    before = [await node.network() for node in nodes]
    try:
        for node in nodes:
            await node.set_remotes(addresses, key)
        failures = {node.name: await node.try_remotes(addresses) for node in nodes}
    except (ServerError, asyncio.CancelledError):
        await _undo(nodes, before, addresses)
        raise
    for name, failed in failures.items():
        for other, code in failed.items():
            await _undo(nodes, before, addresses)
            raise UsageError(
                f"{name} cannot ask {other} ({code}), so the servers were left as they were.",
                hint="Meilisearch rejects private addresses unless each server is started with"
                " --experimental-allowed-ip-networks and their network, such as 10.0.0.0/8.",
            )


async def _undo(
    nodes: Sequence[Admin], before: Sequence[Mapping[str, Any] | None], addresses: Mapping[str, str]
) -> None:
    """Set the network of each node as it was before, where the node still answers."""
    from search.errors import ServerError

    for node, network in zip(nodes, before, strict=True):
        with contextlib.suppress(ServerError):
            await node.restore_network(network, [name for name in addresses if name != node.name])


def _print_section(settings: MeilisearchSettings, keys: Mapping[str, str]) -> None:
    """Print the complete section for telekeep.toml: the address may be set in the environment only."""
    output.line("[meilisearch]")
    urls = ", ".join(f'"{url}"' for url in settings.addresses)
    output.line(f"urls = [{urls}]" if settings.urls else f"url = {urls}")
    if settings.index != type(settings).model_fields["index"].default:
        output.line(f'index = "{settings.index}"')
    for setting, value in keys.items():
        output.line(f'{setting} = "{value}"')


async def _make(nodes: Sequence[Admin], name: str, actions: tuple[str, ...], indexes: list[str]) -> str:
    """Create a key with these permissions on every node, or return the existing one.

    The server derives a key from its `uid` and the master key, and we derive the `uid` from the permissions: so the
    key is the same on all nodes, and on a server that lost its data.
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
                f"{node.name} and {nodes[0].name} have different master keys.",
                hint="Start all nodes with the same master key, so that one key works on all of them.",
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
    if known and not select.select([sys.stdin], [], [], STDIN_TIMEOUT)[0]:
        return known
    return sys.stdin.readline().strip() or known


def _write(directory: Path, keys: Mapping[str, str]) -> dict[str, str]:
    """Write each key to a file. Returns the settings that name the files."""
    written = {}
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for setting, key in keys.items():
        path = directory / FILES[setting]
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{key}\n")
        written[f"{setting}_file"] = str(path.resolve())
    return written
