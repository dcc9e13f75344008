"""`telekeep index`: what is to be done about the Meilisearch index, one file a subcommand."""

from __future__ import annotations

SUBCOMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (section, module, one line for the list)
    "status": ("Commands", "archiver.cli.commands.index_status", "Show how the index stands, here and on the server."),
    "rebuild": (
        "Commands",
        "archiver.cli.commands.index_rebuild",
        "Build it anew from the archive, then exchange the two.",
    ),
    "verify": (
        "Commands",
        "archiver.cli.commands.index_verify",
        "Compare it with the archive id by id, and repair it.",
    ),
    "keys": ("Commands", "archiver.cli.commands.index_keys", "Make keys that may do no more than they need."),
}

EXIT_STATUS = {
    0: "done",
    1: "differences were found (verify --check)",
    2: "wrong usage, no Meilisearch is set up, or it cannot be reached",
    130: "interrupted",
}


def command() -> None:
    """Look after the Meilisearch index.

    \b
    Examples:
      telekeep index status
      telekeep index rebuild
      telekeep index verify --check

    `telekeep run` and `telekeep sync` keep the index as the archive is; nothing here is needed for that.
    """
