"""Ctrl-C ends a command that waits, whichever thread the system hands the signal to."""

from __future__ import annotations

import subprocess
import sys

import pytest

COMMAND = """
import asyncio, signal, threading, time
from archiver.cli import interrupted

def signal_this_thread():  # as the system may, if the main thread is busy: the main thread's wait goes on
    time.sleep(0.2)  # nothing tells when the main thread waits; before that, this proves nothing
    signal.pthread_kill(threading.get_ident(), signal.{name})
    held.wait()

async def wait():
    threading.Thread(target=signal_this_thread, daemon=True).start()
    await asyncio.Event().wait()

held = threading.Event()
interrupted.install("sync", quiet=False)
signal.signal(signal.SIGTERM, lambda *_: interrupted.interrupt())
try:
    interrupted.run(wait())
except KeyboardInterrupt:
    print("stopped", signal.set_wakeup_fd(-1))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_that_another_thread_gets_ends_the_wait(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMMAND.format(name=name)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("stopped -1\n", "", 0)
