"""The page is less urgent than mirroring while that computes, and as urgent as anything otherwise."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.web.priority import BESIDE, is_busy
from tests.acceptance.desk import until

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

def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

def settled(wanted):
    for _ in range(100):  # the kernel allows few changes to who is not root
        urgency._next = 0.0
        urgency.settle()
        if Path("/proc/self/autogroup").read_text().split()[-1] == wanted:
            return True
        compute(0.1)
    return False

with hold(directory, command="sync"):
    during = settled(sys.argv[2])
sys.exit(2 if during and settled("0") else 1)
"""


@pytest.mark.skipif(not GROUPED.exists() or GROUPED.read_text() != "1\n", reason="sessions are not scheduled as groups")
def test_a_session_of_the_page_steps_back_only_while_mirroring_computes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SEEN, str(tmp_path), str(BESIDE)]
    assert subprocess.run(command, timeout=240, check=False).returncode == 3
    assert subprocess.run(command, timeout=240, check=False, start_new_session=True).returncode == 2


APART = """
import os, signal, sys, time
from archiver.web.priority import run_apart

signal.signal(signal.SIGHUP, lambda *_: sys.exit(7))
if (ended := run_apart()) is not None:
    sys.exit(ended)
print(os.getpid(), flush=True)
while True:
    signal.pause()
"""


def process_state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


@pytest.mark.skipif(not GROUPED.exists() or GROUPED.read_text() != "1\n", reason="sessions are not scheduled as groups")
def test_ctrl_z_stops_the_page_as_well_and_a_closed_terminal_ends_both() -> None:
    with subprocess.Popen([sys.executable, "-c", APART], process_group=0, stdout=subprocess.PIPE) as command:
        assert command.stdout is not None
        page = int(command.stdout.readline())
        for _ in range(2):
            os.kill(command.pid, signal.SIGTSTP)
            _, status = os.waitpid(command.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status)
            until(lambda: process_state(page) == "T", what="the page to stop")
            os.kill(command.pid, signal.SIGCONT)
            until(lambda: process_state(page) == "S", what="the page to continue")
        os.kill(command.pid, signal.SIGHUP)
        assert command.wait(60) == 7
    assert not Path(f"/proc/{page}").exists()


@pytest.mark.parametrize(
    ("before", "after", "busy"),
    [
        ({"1": 0, "2": 10**9}, {"1": 10**6, "2": 10**9}, False),  # a service that waits for posts
        ({"1": 0, "2": 10**9}, {"1": 10**6, "2": 15 * 10**8}, True),
        ({"1": 0}, {"1": 0, "3": 5 * 10**8}, True),  # a thread that has begun meanwhile
        ({"1": 0, "2": 9 * 10**9}, {"1": 5 * 10**8}, True),  # one that has ended
        ({}, {"1": 0}, True),
        ({"1": 0}, {}, True),  # it is in another container, or gone
    ],
)
def test_mirroring_computes_where_its_threads_take_more_than_a_tenth(
    before: dict[str, int], after: dict[str, int], busy: bool
) -> None:
    assert is_busy(before, after, 1.0) is busy
