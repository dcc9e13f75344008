"""Ctrl-C and SIGTERM end an import wherever it computes, without waiting for the end of a message or file."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from archiver.imports.import_file import open_hashed
from archiver.imports.stopping import ReadingStopped, each, in_thread, run_stoppably, stop_reading
from tests.importing import chat, entry, write_json

READING = """
import signal, sys
from archiver.cli import interrupted
from archiver.imports.stopping import each

def endless():
    print("reading", flush=True)
    while True:  # never comes to the event loop
        try:
            pass
        except {swallowed}:
            pass
        if interrupted.was_interrupted():
            yield 1

async def read():
    try:
        for one in each(endless()):
            print("read on")
    finally:
        print("closed")

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell runs the tests in the background
interrupted.install("import", quiet=False)
signal.signal(signal.SIGTERM, lambda *_: interrupted.interrupt())
try:
    interrupted.run(read())
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.parametrize("swallowed", ["Exception", "BaseException"])
@pytest.mark.parametrize("name", ["terminate", "interrupt"])
def test_a_signal_ends_reading_that_never_comes_to_the_event_loop(swallowed: str, name: str) -> None:
    command = [sys.executable, "-c", READING.format(swallowed=swallowed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reading:
        assert reading.stdout is not None
        try:
            assert reading.stdout.readline() == "reading\n"
            reading.send_signal({"terminate": 15, "interrupt": 2}[name])
            out, _ = reading.communicate(timeout=60)
        finally:
            reading.kill()  # else it would compute for ever
    assert (out, reading.returncode) == ("closed\nstopped\n", 0)


def test_nothing_is_stopped_that_does_not_read() -> None:
    assert list(each(iter([1, 2]))) == [1, 2]
    assert not stop_reading()


async def test_work_in_a_thread_stops_and_has_ended_when_the_command_goes_on() -> None:
    begun, ended = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        try:
            while True:
                begun.set()
                yield 1
        finally:
            ended.set()

    def work() -> None:
        reading = items()
        try:
            for _ in each(reading):
                pass
        finally:
            reading.close()

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait, 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


def test_hashing_and_looking_through_a_file_stop_when_asked(tmp_path: Path) -> None:
    asked = threading.Event()
    asked.set()
    path = write_json(tmp_path / "result.json", chat([entry(1, "a")]))
    with pytest.raises(ReadingStopped):
        run_stoppably(asked, partial(open_hashed, path, None))
