"""The table of commands. Each command is a module of its own, imported on first use.

A command module has `command(context, ...)`, which returns the exit status, and `EXIT_STATUS`, which documents each
status. To add a command, write the module and add a line here.
"""

from __future__ import annotations

PROGRAM = "telekeep"

COMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (section, module, one line for the list)
    "login": ("Start", "archiver.cli.commands.login", "Log in with a code; the session is stored on this machine."),
    "add": ("Start", "archiver.cli.commands.add", "Add channels to mirror."),
    "channels": ("Start", "archiver.cli.commands.channels", "List the mirrored channels."),
    "remove": ("Start", "archiver.cli.commands.remove", "Stop mirroring a channel; its archive is kept."),
    "accounts": ("Start", "archiver.cli.commands.accounts", "List the accounts and their state."),
    "move": ("Start", "archiver.cli.commands.move", "Assign a channel to another account."),
    "sync": ("Mirror", "archiver.cli.commands.sync", "Fetch everything not yet archived, then exit."),
    "run": ("Mirror", "archiver.cli.commands.run", "Run the service: mirror all channels until stopped."),
    "search": ("Find", "archiver.cli.commands.search", "Find messages in the archive."),
    "tail": ("Find", "archiver.cli.commands.tail", "Follow new, edited and deleted posts as they arrive."),
    "query": ("Find", "archiver.cli.commands.query", "Save, list and remove named queries."),
    "show": ("Find", "archiver.cli.commands.show", "Show one message and everything known about it."),
    "similar": (
        "Find",
        "archiver.cli.commands.similar",
        "List posts with the same file or a similar picture.",
    ),
    "history": ("Find", "archiver.cli.commands.history", "Show the history of one message: edits, deletions, returns."),
    "changes": ("Find", "archiver.cli.commands.changes", "List edits, deletions and renames, newest first."),
    "gaps": (
        "Find",
        "archiver.cli.commands.gaps",
        "List the ids that are deleted, absent or not fetched.",
    ),
    "open": ("Find", "archiver.cli.commands.open", "Open the page in your browser, at a channel or message."),
    "serve": ("Find", "archiver.cli.commands.serve", "Serve a page to read and search the archive in a browser."),
    "status": ("Mirror", "archiver.cli.commands.status", "Show how completely each channel is archived."),
    "health": ("Mirror", "archiver.cli.commands.health", "Check whether the service is mirroring (exit status)."),
    "export": ("Keep", "archiver.cli.commands.export", "Export a range of dates to a file, with a manifest."),
    "import": ("Keep", "archiver.cli.commands.import_", "Import a channel that another program exported."),
    "media": ("Keep", "archiver.cli.commands.media", "Fetch and keep the files behind the messages."),
    "index": (
        "Keep",
        "archiver.cli.commands.index",
        "Maintain the Meilisearch index: status, rebuild, verify, keys.",
    ),
    "verify": ("Keep", "archiver.cli.commands.verify", "Verify the archive, or an export against its manifest."),
    "repair": ("Keep", "archiver.cli.commands.repair", "Rebuild derived data: search."),
    "completion": ("Keep", "archiver.cli.commands.completion", "Print a script for bash, zsh or fish to complete."),
    "help": (
        "Keep",
        "archiver.cli.commands.help",
        "Show the help of a command, or explain a topic.",
    ),
}

MINOR = frozenset(
    {"accounts", "move", "remove", "similar", "query", "open", "index", "repair", "health", "completion", "help"}
)
"""Commands that the first screen only names."""
