"""`scripts/demo`: what a newcomer runs first."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_kept_demo_can_be_searched_synced_and_is_never_overwritten(tmp_path: Path) -> None:
    place = tmp_path / "kept"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TELEKEEP_")}

    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)

    done = run(ROOT / "scripts/demo", "--keep", place)
    assert done.returncode == 0, done.stderr
    environment["TELEKEEP_CONFIG"] = str(place / "telekeep.toml")
    telekeep = ROOT / ".venv/bin/telekeep"
    assert run(telekeep, "search", "--count", "convoy").stdout.strip() != "0"
    changed = run(telekeep, "changes", "atlas", "--csv", "--fields", "kind,message_id").stdout
    assert changed.split() == ["kind,message_id", "missing,396", "edited,189"]
    server = subprocess.Popen([place / "serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("listening on")
        synced = run(telekeep, "sync")
        assert synced.returncode == 0, synced.stderr
        assert "edited" not in synced.stdout + synced.stderr
    finally:
        server.terminate()
        server.communicate(timeout=120)
    again = run(ROOT / "scripts/demo", "--keep", place)
    assert (again.returncode, "has a demo already" in again.stderr) == (2, True)
    assert (place / "archive/archive.db").exists()
