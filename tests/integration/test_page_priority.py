"""The page is less urgent than mirroring while the archive is being mirrored, and as urgent as anything otherwise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from archiver.web.priority import BESIDE

GROUPED = Path("/proc/sys/kernel/sched_autogroup_enabled")
SEEN = """
import sys, time
from pathlib import Path
from archiver.lock import hold
from archiver.web.priority import Urgency, run_apart

if (ended := run_apart()) is not None:
    sys.exit(ended + 1)  # of the process that waits
directory = Path(sys.argv[1])
urgency = Urgency(directory)

def settled(wanted):
    for _ in range(100):
        urgency._next = 0.0
        urgency.settle()
        if Path("/proc/self/autogroup").read_text().split()[-1] == wanted:
            return True
        time.sleep(0.1)  # the kernel allows few changes to who is not root
    return False

with hold(directory, command="sync"):
    during = settled(sys.argv[2])
sys.exit(2 if during and settled("0") else 1)
"""


@pytest.mark.skipif(not GROUPED.exists() or GROUPED.read_text() != "1\n", reason="sessions are not scheduled as groups")
def test_a_session_of_the_page_steps_back_only_while_the_archive_is_mirrored(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SEEN, str(tmp_path), str(BESIDE)]
    assert subprocess.run(command, timeout=60, check=False).returncode == 3
    assert subprocess.run(command, timeout=60, check=False, start_new_session=True).returncode == 2
