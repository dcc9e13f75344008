"""Completion in the shells themselves: what is typed with TABs, and the command that the shell then runs."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import shutil
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from archiver.cli.completion import values
from archiver.cli.completion.answer import answer
from archiver.store.search.suggestions import NamedChannel, Suggestions
from tests.sample import build, index, make_message

ROOT = Path(__file__).parents[2]
SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
LOADED = {
    "bash": "source <(telekeep completion bash)",
    "zsh": "autoload -U compinit; compinit -u -D; source <(telekeep completion zsh)",
    "fish": "telekeep completion fish | source",
}
TYPED = {
    "telekeep stat\t": ["status"],
    "telekeep index reb\t": ["index", "rebuild"],
    "telekeep show bri\t5": ["show", "bridge/5"],
    "telekeep search has:ph\t": ["search", "has:photo"],
    "telekeep search -- x -has:vo\t": ["search", "--", "x", "-has:voice"],
    "telekeep search channel:bri\t": ["search", "channel:bridge"],
    "telekeep search query:conv\t": ["search", "query:convoys"],
    "telekeep search x --chan\tbri\t": ["search", "x", "--channel", "bridge"],
    "telekeep export --format=c\t": ["export", "--format=csv"],
    "telekeep export -o x --tz Asia/Bag\t": ["export", "-o", "x", "--tz", "Asia/Baghdad"],
    "telekeep search x --facet channel,mo\t": ["search", "x", "--facet", "channel,month"],
    "telekeep --config set\tstatus": ["--config", "settings.toml", "status"],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with an archive, and a `telekeep` that completes, and else only notes how it was called."""
    directory = tmp_path_factory.mktemp("completion")
    messages = [make_message(number, f"bridge text {number}") for number in range(1, 4)]
    saved = "INSERT INTO saved_query VALUES ('convoys', 'convoys', 'convoy OR рота', 1)"
    build(directory, messages, alias="bridge", covered=[(1, 3)], sql=[saved])
    index(directory, messages)
    (directory / "telekeep.toml").write_text(f'[archive]\ndir = "{directory}"\n')
    (directory / "settings.toml").touch()
    (directory / "bin").mkdir()
    program = directory / "bin" / "telekeep"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        "if sys.argv[1] in ('__complete', 'completion'):\n"
        f"    os.execv({sys.executable!r}, [{sys.executable!r}, '-m', 'archiver', *sys.argv[1:]])\n"
        f"with open({str(directory / 'called')!r}, 'a') as log:\n    log.write(json.dumps(sys.argv[1:]) + '\\n')\n"
    )
    program.chmod(0o755)
    return directory


def environment(place: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TELEKEEP_", "PYTHON", "XDG_"))}
    path = f"{place / 'bin'}:{kept['PATH']}"
    ours = {"HOME": str(place), "PATH": path, "PYTHONPATH": str(ROOT), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    return kept | ours


@pytest.mark.parametrize("shell", SHELLS)
def test_shell_completes_commands_options_names_and_filters(place: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    called = place / "called"
    called.unlink(missing_ok=True)
    master, slave = pty.openpty()
    process = subprocess.Popen(
        SHELLS[shell],
        cwd=place,
        env=environment(place),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - fish must own its terminal
    )
    os.close(slave)
    try:
        seen = b""
        for line in [f"{LOADED[shell]}; telekeep ready", *TYPED]:
            while shown := _read(master, 0.3):  # shells drop what is typed before they prompt
                seen += shown
            os.write(master, f"{line}\r".encode())
            before, deadline = _count(called), time.monotonic() + 20
            while _count(called) == before:
                seen += _read(master, 0.05)
                assert time.monotonic() < deadline, seen.decode(errors="replace")
        calls = [json.loads(line) for line in called.read_text().splitlines()]
        wanted = [["ready"], *TYPED.values()]
        assert calls == wanted, seen.decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _count(called: Path) -> int:
    return called.read_bytes().count(b"\n") if called.exists() else 0


def _read(master: int, patience: float) -> bytes:
    """What the shell shows; like a terminal, tell it who we are if it asks."""
    if not select.select([master], [], [], patience)[0]:
        return b""
    try:
        shown = os.read(master, 65536)
    except OSError:
        return b""
    if b"\x1b[c" in shown or b"\x1b[0c" in shown:  # fish waits for the answer
        os.write(master, b"\x1b[?62c")
    return shown


@pytest.mark.parametrize(
    "words", [["fish", "search", "-c", ""], ["bash", "telekeep show "], ["zsh", "query", "remove", ""]]
)
def test_completion_is_quiet_where_there_is_no_archive(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TELEKEEP_NONSENSE", "1")
    assert answer(words) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_script_is_printed_whole_and_the_shell_can_read_it(place: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = subprocess.run(["telekeep", "completion", shell], env=environment(place), capture_output=True, check=True)
    checked = subprocess.run([shell, "-n"], input=script.stdout, capture_output=True, check=True)
    assert (checked.stdout, checked.stderr) == (b"", b"")


def test_a_name_that_a_shell_would_run_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [NamedChannel(5, "تل.a-b", "bridge", "one"), NamedChannel(6, None, "a$(id)\n", "two")]
    monkeypatch.setattr(values, "_names", lambda: Suggestions(tuple(names)))
    assert [one.value for one in values.channels("b")] == ["تل.a-b", "bridge", "6"]
    assert [one.value for one in values.channels("")] == ["تل.a-b", "6"]
    assert [one.value for one in values.channels("@")] == ["@bridge"]
