"""`telekeep repair`: rebuild derived data, one file per subcommand."""

from __future__ import annotations

SUBCOMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (section, module, one line for the list)
    "search": ("Commands", "archiver.cli.commands.repair_search", "Rebuild the search tables from the messages."),
}

EXIT_STATUS = {0: "done", 2: "wrong usage, there is no archive, or another process is mirroring into it", 6: "damaged"}


def command() -> None:
    """Rebuild derived data. Messages are never changed.

    \b
    Examples:
      telekeep repair search

    `telekeep verify` shows what is damaged. Damaged messages can only be restored from a backup.
    """
