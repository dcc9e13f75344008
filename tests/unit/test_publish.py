"""Data and manifest: both new or both as before, and nobody's file in their way is harmed."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from archiver.errors import UsageError
from archiver.export.publish import publish
from archiver.export.target import Target

ROOT = Path(__file__).parents[2]


def told(name: str, data: bytes) -> bytes:
    file = {"path": name, "bytes": len(data), "rows": 1, "sha256": hashlib.sha256(data).hexdigest()}
    return json.dumps({"tool": {"name": "telekeep"}, "exported_at": "2026", "files": [file]}).encode()


async def put(path: Path, data: bytes, *, replace: bool = True) -> Path:
    with Target(path, replace=replace) as target:
        target.write(data)
        return (await publish(target, told(path.name, data))).manifest


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def test_manifest_of_each_file_stays_its_own(tmp_path: Path) -> None:
    for name in ("one", "two", "three", "one", "two"):
        await put(tmp_path / name, name.encode() * 3)
    assert names(tmp_path) == ["manifest.json", "one", "one.manifest.json", "three", "two", "two.manifest.json"]
    for name, manifest in (("one", "one.manifest.json"), ("two", "two.manifest.json"), ("three", "manifest.json")):
        assert (tmp_path / manifest).read_bytes() == told(name, (tmp_path / name).read_bytes())


@pytest.mark.parametrize(
    "foreign", [b'{"name": "an extension"}', b"", b'{"files": []}', b'{"files": [{"path": "one"}]}']
)
async def test_foreign_manifest_is_left_alone(tmp_path: Path, foreign: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(foreign)
    assert await put(tmp_path / "one", b"rows") == tmp_path / "one.manifest.json"
    assert (tmp_path / "manifest.json").read_bytes() == foreign
    (tmp_path / "two.manifest.json").write_bytes(foreign)
    with pytest.raises(UsageError, match="are not replaced"):
        await put(tmp_path / "two", b"rows")
    assert names(tmp_path) == ["manifest.json", "one", "one.manifest.json", "two.manifest.json"]
    assert (tmp_path / "two.manifest.json").read_bytes() == foreign


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/nowhere")])
async def test_anything_but_a_regular_file_is_left_alone(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "manifest.json")
    before = (tmp_path / "manifest.json").lstat()
    await put(tmp_path / "one", b"rows")
    assert (tmp_path / "manifest.json").lstat().st_ino == before.st_ino
    make(tmp_path / "two")
    before = (tmp_path / "two").lstat()
    with pytest.raises(UsageError, match="not a regular file"):
        await put(tmp_path / "two", b"rows")
    assert (tmp_path / "two").lstat().st_ino == before.st_ino
    assert names(tmp_path) == ["manifest.json", "one", "one.manifest.json", "two"]


async def test_file_that_came_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    with Target(tmp_path / "one", replace=False) as target:
        target.write(b"rows")
        (tmp_path / "one").write_text("another's")
        with pytest.raises(UsageError, match="already exists"):
            await publish(target, told("one", b"rows"))
    assert (tmp_path / "one").read_text() == "another's"
    assert names(tmp_path) == ["one"]


async def test_planted_links_are_never_followed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "precious").write_text("precious")
    for name in (".one.part", ".manifest.json.part", f".telekeep-{'0' * 32}.part"):
        (tmp_path / "out" / name).symlink_to(tmp_path / "precious")
    await put(tmp_path / "out" / "one", b"rows")
    assert (tmp_path / "precious").read_text() == "precious"
    assert (tmp_path / "out" / "one").read_bytes() == b"rows"


async def test_file_keeps_its_permissions_and_its_other_names(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("before")
    (tmp_path / "one").chmod(0o600)
    os.link(tmp_path / "one", tmp_path / "other")
    await put(tmp_path / "one", b"after")
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "other").read_text() == "before"


@pytest.mark.parametrize("before", [None, b"before"])
async def test_failure_of_the_second_rename_undoes_the_first(
    tmp_path: Path, before: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if before is not None:
        await put(tmp_path / "one", before)
    old = names(tmp_path)
    install, count = Target.install, 0

    def fail(target: Target) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        install(target)

    monkeypatch.setattr(Target, "install", fail)
    with pytest.raises(OSError, match="No space"):
        await put(tmp_path / "one", b"after")
    assert names(tmp_path) == old
    if before is not None:
        assert (tmp_path / "one").read_bytes() == before
        assert (tmp_path / "manifest.json").read_bytes() == told("one", before)


_STEPS = ("open", "link", "rename", "unlink", "fsync")
_KILLED = """
import asyncio, json, os, signal, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from archiver.export.publish import publish
from archiver.export.target import Target

async def put(path):
    with Target(path, replace=True) as target:
        target.write(b"after")
        await publish(target, bytes.fromhex(sys.argv[2]))

def counted(real):
    def call(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    return call

statuses = []
for step in range(1, {most}):
    child = os.fork()
    if not child:
        left = step
        for name in {steps!r}:
            setattr(os, name, counted(getattr(os, name)))
        asyncio.run(put(Path(sys.argv[1], str(step), "one")))
        os._exit(0)
    statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    if statuses[-1] == 0:
        break
print(json.dumps(statuses))
"""
_MOST = 60


def test_kill_at_any_step_leaves_a_pair_or_is_noticed(tmp_path: Path) -> None:
    for step in range(1, _MOST):
        (tmp_path / str(step)).mkdir()
        asyncio.run(put(tmp_path / str(step) / "one", b"before"))
    script = _KILLED.format(root=str(ROOT), steps=_STEPS, most=_MOST)
    after = told("one", b"after")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), after.hex()], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    *killed, whole = json.loads(done.stdout)
    assert (set(killed), whole) == ({-signal.SIGKILL}, 0)
    pairs = []
    for step in range(1, len(killed) + 2):
        directory = tmp_path / str(step)
        pairs.append(((directory / "one").read_bytes(), (directory / "manifest.json").read_bytes()))
        asyncio.run(put(directory / "one", b"again"))
        assert names(directory) == ["manifest.json", "one"]
    sound = [(data, told("one", data)) for data in (b"before", b"after")]
    assert [pairs[0], pairs[-1]] == sound
    torn = [pair for pair in pairs if pair not in sound]
    # Two names cannot change in one step: between the two renames there is nothing else.
    assert len(torn) <= 1


async def test_exports_into_one_directory_at_once_keep_their_manifests(tmp_path: Path) -> None:
    await asyncio.gather(*(put(tmp_path / f"part{number}", b"x" * number) for number in range(1, 12)))
    manifests = [path for path in tmp_path.iterdir() if path.name.endswith("manifest.json")]
    found = {json.loads(path.read_bytes())["files"][0]["path"] for path in manifests}
    assert found == {f"part{number}" for number in range(1, 12)}
    assert len(names(tmp_path)) == 22
