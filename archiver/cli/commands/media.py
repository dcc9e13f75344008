"""`telekeep media`: the files behind the messages, one file per subcommand."""

from __future__ import annotations

SUBCOMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (section, module, one line for the list)
    "plan": ("Commands", "archiver.cli.commands.media_plan", "Show what would be fetched, before anything is."),
    "fetch": (
        "Commands",
        "archiver.cli.commands.media_fetch",
        "Fetch files now: those the policies want, or a selection.",
    ),
    "status": ("Commands", "archiver.cli.commands.media_status", "Show what became of the files."),
    "retry": ("Commands", "archiver.cli.commands.media_retry", "Queue failed files to be fetched again."),
    "policy": ("Commands", "archiver.cli.commands.media_policy", "Show or change which files of a channel are wanted."),
    "prune": ("Commands", "archiver.cli.commands.media_prune", "Remove stored files that no policy wants any more."),
    "hash": ("Commands", "archiver.cli.commands.media_hash", "Hash pictures, for `telekeep similar`."),
    "annotate": (
        "Commands",
        "archiver.cli.commands.media_annotate",
        "Transcribe recordings and read text in pictures.",
    ),
    "offload": (
        "Commands",
        "archiver.cli.commands.media_offload",
        "Record that stored files were moved to another disk.",
    ),
}

EXIT_STATUS = {
    0: "done",
    2: "wrong usage, or failure",
    3: "some files could not be fetched",
    130: "interrupted; what arrived is kept",
}


def command() -> None:
    """Fetch and keep the files behind the messages.

    \b
    Examples:
      telekeep media plan --download all --max-size 50MB
      telekeep media policy @channel --download photos
      telekeep media fetch @channel --query 'has:video bridge'
      telekeep media status

    Nothing is fetched unless [media] or a channel's own policy says so. `telekeep run` fetches files after
    everything else; `telekeep sync --media` fetches them at the end. See docs/media.md.
    """
