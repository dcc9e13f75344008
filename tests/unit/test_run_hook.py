"""Hooks: programs of the user's on stored files, with real ones that misbehave."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import stat
import sys
from pathlib import Path

import pytest

from archiver.media.run_hook import HookLimits, HookResult, run_hook

ROOT = Path(__file__).parents[2]
PLENTY = HookLimits(seconds=30, output=100_000)


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    folder = tmp_path / "my archive; $(touch x)"
    folder.mkdir()
    path = folder / "a file"
    path.write_bytes(b"voice")
    return path


def script(tmp_path: Path, body: str, name: str = "program") -> str:
    path = tmp_path / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


async def run(program: str, path: Path, *arguments: str, limits: HookLimits = PLENTY) -> HookResult:
    return await run_hook([program, *(arguments or ("{path}",))], path, suffix=".ogg", limits=limits)


async def wait_for_file(path: Path) -> str:
    async with asyncio.timeout(20):
        while not path.exists() or not path.read_text(encoding="utf-8").strip():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
    return path.read_text(encoding="utf-8").strip()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_what_the_program_prints_is_the_text(tmp_path: Path, stored: Path) -> None:
    result = await run(script(tmp_path, 'printf "heard: "; cat "$1"; printf "\\r\\n\\f"; echo noise >&2'), stored)
    assert (result.text, result.reason, result.exit_status) == ("heard: voice", None, 0)


async def test_the_file_is_one_argument_whatever_its_name(tmp_path: Path, stored: Path) -> None:
    program = script(tmp_path, 'echo "$#"; cat "$2"; echo; echo "$3"; ls -A | wc -l')
    result = await run(program, stored, "-m", "{path}", "$(id); rm *")
    assert result.text is not None
    assert result.text.splitlines()[:3] == ["3", "voice", "$(id); rm *"]
    assert result.text.splitlines()[3].strip() == "0"  # its directory is empty


async def test_the_path_may_be_a_part_of_an_argument(tmp_path: Path, stored: Path) -> None:
    result = await run(script(tmp_path, 'cat "${1#--file=}"'), stored, "--file={path}")
    assert result.text == "voice"


async def test_the_environment_has_none_of_our_settings(
    tmp_path: Path, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEKEEP_TELEGRAM__API_HASH", "very-secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    result = await run(script(tmp_path, "env; pwd"), stored)
    assert result.text is not None
    assert "secret" not in result.text
    assert "PATH=" in result.text
    assert result.text.splitlines()[-1].endswith("/work")


async def test_it_runs_at_the_lowest_priority(tmp_path: Path, stored: Path) -> None:
    result = await run(script(tmp_path, "nice"), stored)
    assert result.text == "19"


async def test_a_program_that_removes_its_argument_removes_nothing_stored(tmp_path: Path, stored: Path) -> None:
    await run(script(tmp_path, 'rm -f "$1"'), stored)
    assert stored.read_bytes() == b"voice"


async def test_a_failing_program_is_reported_with_its_last_complaint(tmp_path: Path, stored: Path) -> None:
    result = await run(script(tmp_path, "echo first >&2; printf 'no \\033[31mmodel\\n' >&2; exit 7"), stored)
    assert (result.text, result.exit_status) == (None, 7)
    assert result.reason == "exit status 7: no  [31mmodel"


async def test_a_program_that_is_ended_by_a_signal_has_failed(tmp_path: Path, stored: Path) -> None:
    result = await run(script(tmp_path, "echo half; kill -SEGV $$"), stored)
    assert (result.text, result.reason) == (None, "ended by signal 11")


@pytest.mark.parametrize(("printed", "reason"), [("\\377\\376", "is not UTF-8"), ("a\\000b", "is not text")])
async def test_binary_output_is_no_annotation(tmp_path: Path, stored: Path, printed: str, reason: str) -> None:
    result = await run(script(tmp_path, f"printf '{printed}'"), stored)
    assert result.text is None
    assert reason in (result.reason or "")


async def test_a_missing_program_is_not_the_files_fault(stored: Path) -> None:
    result = await run("telekeep-no-such-program", stored)
    assert result.absent
    assert result.reason == "there is no program telekeep-no-such-program"


async def test_a_file_that_is_no_program_is_not_the_files_fault(tmp_path: Path, stored: Path) -> None:
    path = tmp_path / "text"
    path.write_text("hello", encoding="utf-8")
    assert (await run(str(path), stored)).absent


async def test_a_hanging_program_is_ended_at_its_limit(tmp_path: Path, stored: Path) -> None:
    result = await run(
        script(tmp_path, "trap '' TERM; exec sleep 600"), stored, limits=HookLimits(seconds=0.3, output=9)
    )
    assert (result.text, result.reason) == (None, "it took longer than 0.3 s")


async def test_a_flood_of_output_is_ended_at_its_limit(tmp_path: Path, stored: Path) -> None:
    result = await run(script(tmp_path, "yes"), stored, limits=HookLimits(seconds=30, output=50_000))
    assert (result.text, result.reason) == (None, "it printed more than 50,000 bytes")


async def test_a_flood_of_complaints_is_read_and_forgotten(tmp_path: Path, stored: Path) -> None:
    body = f"{shlex.quote(sys.executable)} -c 'import sys; sys.stderr.write(\"x\\n\" * 2_000_000)'; echo done"
    assert (await run(script(tmp_path, body), stored)).text == "done"


async def test_children_are_ended_with_their_program(tmp_path: Path, stored: Path) -> None:
    note = tmp_path / "pids"
    body = f"sleep 600 & echo $! > {shlex.quote(str(note))}; sleep 600"
    result = await run(script(tmp_path, body), stored, limits=HookLimits(seconds=0.5, output=9))
    assert result.text is None
    assert not is_running(int(note.read_text(encoding="utf-8")))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are only listed in /proc")
async def test_a_child_that_leaves_the_group_is_ended_too(tmp_path: Path, stored: Path) -> None:
    note = tmp_path / "pid"
    body = f"setsid sh -c 'echo $$ > {shlex.quote(str(note))}; exec sleep 600' & sleep 0.3; echo done"
    result = await run(script(tmp_path, body), stored)
    assert result.text == "done"
    assert not is_running(int(await wait_for_file(note)))


@pytest.mark.parametrize("child", ["sleep 600 &", "yes x >&2 & yes y >&2 & yes z >&2 &"])
async def test_a_child_in_the_background_does_not_hold_up_the_result(tmp_path: Path, stored: Path, child: str) -> None:
    result = await run(script(tmp_path, f"{child} echo done"), stored)
    assert (result.text, result.reason) == ("done", None), "its limit was waited for"


async def test_a_stop_ends_the_program_at_once(tmp_path: Path, stored: Path) -> None:
    note = tmp_path / "pid"
    program = script(tmp_path, f"echo $$ > {shlex.quote(str(note))}; exec sleep 600")
    running = asyncio.create_task(run(program, stored))
    pid = int(await wait_for_file(note))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not is_running(pid)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv of util-linux")
async def test_a_program_ends_with_us_even_if_we_are_killed(tmp_path: Path, stored: Path) -> None:
    note = tmp_path / "pid"
    program = script(tmp_path, f"echo $$ > {shlex.quote(str(note))}; exec sleep 600")
    code = (
        "import asyncio, pathlib, sys; from archiver.media.run_hook import HookLimits, run_hook; "
        "limits = HookLimits(seconds=60, output=9); "
        "asyncio.run(run_hook([sys.argv[1], '{path}'], pathlib.Path(sys.argv[2]), suffix='', limits=limits))"
    )
    place = tmp_path / "tmp"  # what a killed process leaves there goes with the test
    place.mkdir()
    ours = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, program, str(stored), cwd=ROOT, env=os.environ | {"TMPDIR": str(place)}
    )
    pid = int(await wait_for_file(note))
    ours.kill()
    await ours.wait()
    async with asyncio.timeout(10):
        while is_running(pid):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
    assert [one.name.rpartition("-")[0] for one in place.iterdir()] == ["telekeep-hook"]


async def test_nothing_is_left_in_the_temporary_directory(
    tmp_path: Path, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    await run(script(tmp_path, "mkdir -p a/b; echo x > a/b/c; chmod 500 a"), stored)
    assert list(place.iterdir()) == []
