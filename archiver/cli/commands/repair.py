"""`telekeep repair`: make again what is made of other things, one file a subcommand."""

from __future__ import annotations

SUBCOMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (section, module, one line for the list)
    "search": ("Commands", "archiver.cli.commands.repair_search", "Make the search tables again from the messages."),
}

EXIT_STATUS = {0: "done", 2: "wrong usage, there is no archive, or another process mirrors into it", 6: "damaged"}


def command() -> None:
    """Make again what is made of other things. Messages are never touched.

    \b
    Examples:
      telekeep repair search

    `telekeep verify` says what is damaged. What is no longer as it was stored can only come from a backup.
    """
