"""`scripts/meilisearch` starts what is on the PATH, on loopback, with a key that nobody else sees; containers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.acceptance.desk import ROOT, clean_environment, until

SCRIPT = "scripts/meilisearch"
# What is on the PATH there: the double, told in Meilisearch's own words.
STAND_IN = f"""#!/bin/sh
echo "$*" >arguments
while [ $# -gt 0 ]; do
    case $1 in --http-addr) address=$2 ;; --db-path) db=$2 ;; esac
    shift
done
cd {ROOT}
exec {sys.executable} -m tests.doubles.meilisearch --port "${{address#*:}}" --master-key "$MEILI_MASTER_KEY" --db "$db"
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The script in a directory of its own, ready to run."""
    folder = tmp_path / "copy"
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / SCRIPT, folder / SCRIPT)
    (folder / "scripts/setup").write_text("#!/bin/sh\n")
    (folder / "scripts/setup").chmod(0o755)
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/python").symlink_to(sys.executable)
    return folder


def run(folder: Path, *arguments: str, path: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [folder / SCRIPT, *arguments],
        env=clean_environment(PATH=path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_it_starts_with_a_key_of_its_own_that_no_command_line_shows(copy: Path, tmp_path: Path, port: int) -> None:
    stand_in = tmp_path / "bin/meilisearch"
    stand_in.parent.mkdir()
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)
    process = run(copy, str(port), path=f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}")
    kept = copy / ".meilisearch/master.key"

    def answers() -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200
        except requests.ConnectionError:
            assert process.poll() is None, process.communicate()
            return False

    try:
        until(answers, what="an answer")
        key = kept.read_text().strip()
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert len(key) >= 16
        headers = {"Authorization": f"Bearer {key}"}
        assert requests.get(f"http://127.0.0.1:{port}/keys", headers=headers, timeout=5).status_code == 200
        assert requests.get(f"http://127.0.0.1:{port}/keys", timeout=5).status_code == 401
    finally:
        process.send_signal(signal.SIGTERM)
        said = b"".join(process.communicate(timeout=120)).decode()
    arguments = (copy / ".meilisearch/arguments").read_text()
    assert f"--http-addr 127.0.0.1:{port}" in arguments
    assert key not in arguments + said
    assert f'url = "http://127.0.0.1:{port}"' in said


def test_without_a_meilisearch_it_says_so_in_a_line(copy: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for needed in ("sh", "dirname"):
        (bare / needed).symlink_to(str(shutil.which(needed)))
    for arguments, words in (((), "no meilisearch is on the PATH"), (("port",), "port is no port")):
        process = run(copy, *arguments, path=str(bare))
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out, len(err.splitlines())) == (2, b"", 1)
        assert words in err.decode()


def test_containers_are_pinned_closed_and_without_secrets() -> None:
    compose, image = (ROOT / "compose.yaml").read_text(), (ROOT / "Dockerfile").read_text()
    assert set(re.findall(r"image: (\S+)", compose)) == {"telekeep", "getmeili/meilisearch:v1.50.0"}
    assert re.findall(r'ports: \["([\d.]+):', compose) == ["127.0.0.1"]
    assert compose.count('user: "1000:1000"') == 2
    assert "USER 1000:1000" in image
    for source in re.findall(r"^COPY (?!--)(.+) \S+$", image, re.MULTILINE):
        assert all((ROOT / name).exists() for name in source.split()), source
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert {name[1:] for name in ignored if name.startswith("!")} == {
        name for source in re.findall(r"^COPY (?!--)(.+) \S+$", image, re.MULTILINE) for name in source.split()
    }
