"""`telekeep query`: questions that are kept by a name, one file a subcommand."""

from __future__ import annotations

SUBCOMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (section, module, one line for the list)
    "save": ("Commands", "archiver.cli.commands.query_save", "Keep a query by a name."),
    "list": ("Commands", "archiver.cli.commands.query_list", "List the saved queries."),
    "remove": ("Commands", "archiver.cli.commands.query_remove", "Forget saved queries."),
}

EXIT_STATUS = {0: "done", 2: "wrong usage, a wrong query, or there is no archive"}


def command() -> None:
    """Keep queries by a name; query:NAME stands for one within any query, in search and export.

    \b
    Examples:
      telekeep query save convoys 'convoy OR рота OR رتل'
      telekeep query save fresh 'query:convoys has:video since:7d'
      telekeep search 'query:fresh -drill'
      telekeep query list

    A saved query may use others, but never itself. `telekeep help query` explains what a query may be.
    """
