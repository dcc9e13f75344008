"""`telekeep index`: maintain the Meilisearch index, one file per subcommand."""

from __future__ import annotations

SUBCOMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (section, module, one line for the list)
    "status": (
        "Commands",
        "archiver.cli.commands.index_status",
        "Show the state of the index, here and on the server.",
    ),
    "rebuild": (
        "Commands",
        "archiver.cli.commands.index_rebuild",
        "Rebuild the index from the archive, then swap it in.",
    ),
    "verify": (
        "Commands",
        "archiver.cli.commands.index_verify",
        "Compare the index with the archive, and repair it.",
    ),
    "keys": ("Commands", "archiver.cli.commands.index_keys", "Create API keys with minimal permissions."),
}

EXIT_STATUS = {
    0: "done",
    1: "differences found (verify --check)",
    2: "wrong usage, no Meilisearch configured, or it is unreachable",
    130: "interrupted",
}


def command() -> None:
    """Maintain the Meilisearch index.

    \b
    Examples:
      telekeep index status
      telekeep index rebuild
      telekeep index verify --check

    `telekeep run` and `telekeep sync` keep the index up to date; none of these commands is needed for that.
    """
