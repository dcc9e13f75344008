"""`telekeep query`: saved queries, one file per subcommand."""

from __future__ import annotations

SUBCOMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (section, module, one line for the list)
    "save": ("Commands", "archiver.cli.commands.query_save", "Save a query under a name."),
    "list": ("Commands", "archiver.cli.commands.query_list", "List the saved queries."),
    "remove": ("Commands", "archiver.cli.commands.query_remove", "Remove saved queries."),
}

EXIT_STATUS = {0: "done", 2: "wrong usage, an invalid query, or there is no archive"}


def command() -> None:
    """Save queries under a name, to use them in any query of search and export as query:NAME.

    \b
    Examples:
      telekeep query save convoys 'convoy OR рота OR رتل'
      telekeep query save fresh 'query:convoys has:video since:7d'
      telekeep search 'query:fresh -drill'
      telekeep query list

    A saved query may use others, but not itself. See `telekeep help query` for the query syntax.
    """
