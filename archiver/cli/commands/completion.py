"""`telekeep completion`: print the script that makes a shell complete telekeep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from archiver.cli import completion, output
from archiver.cli.parsing.parameters import Argument, CommandContext

EXIT_STATUS = {0: "printed", 2: "wrong usage"}


def command(
    context: CommandContext,
    shell: Annotated[Literal["bash", "zsh", "fish"], Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> int:
    """Print a script that lets a shell complete commands, options, channels and filters.

    \b
    Examples:
      telekeep completion bash > ~/.local/share/bash-completion/completions/telekeep
      telekeep completion zsh > ~/.zfunc/_telekeep
      telekeep completion fish > ~/.config/fish/completions/telekeep.fish

    The script completes names of channels, aliases and saved queries from the archive, accounts from the settings, and
    filters within a query. It runs telekeep each time, which only reads.

    \b
    bash  without the package bash-completion, add to ~/.bashrc: source <(telekeep completion bash)
    zsh   the directory must be in $fpath before compinit: fpath=(~/.zfunc $fpath)
    fish  new shells load the file automatically
    """
    script = Path(completion.__file__).with_name(f"telekeep.{shell}").read_text(encoding="utf-8")
    output.line(script.rstrip("\n"))
    return 0
