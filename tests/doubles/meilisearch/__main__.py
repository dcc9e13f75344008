"""The double as a program: `python -m tests.doubles.meilisearch --port P --master-key K [--db DIR] [--slow S]`.

It prints one line when it is ready and serves until SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from ipaddress import IPv4Network
from pathlib import Path

from tests.doubles.meilisearch.faults import parse
from tests.doubles.meilisearch.server import Server


def options(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.doubles.meilisearch", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--master-key", help="none: every route but that of keys is open")
    parser.add_argument("--db", type=Path, help="a folder that keeps everything over a restart")
    parser.add_argument("--slow", type=float, default=0.0, metavar="S", help="seconds that each batch takes")
    parser.add_argument("--slow-document", type=float, default=0.0, metavar="S", help="and each document of it")
    parser.add_argument("--payload-limit", type=int, metavar="BYTES", help="after decompression (default: 100 MB)")
    parser.add_argument(
        "--experimental-allowed-ip-networks",
        dest="allowed",
        type=IPv4Network,
        default=[],
        nargs="*",
        metavar="NETWORK",
        help="inner addresses that remotes may have",
    )
    parser.add_argument("--faults", default="", help="METHOD PATH:ACTION(ARGS)+SKIPxTIMES%%CHANCE, with ; between")
    return parser.parse_args(argv)


def run(opts: argparse.Namespace) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = Server(opts.port, opts.master_key, opts.db)
    scheduler = server.instance.scheduler
    scheduler.delay, scheduler.delay_per_document = opts.slow, opts.slow_document
    server.instance.allowed_networks = opts.allowed
    if opts.payload_limit is not None:
        server.instance.payload_limit = opts.payload_limit
    for pattern, action, conditions in parse(opts.faults):
        server.faults.add(pattern, action, **conditions)
    with server:
        sys.stdout.write(f"listening on 127.0.0.1:{server.port}\n")
        sys.stdout.flush()
        while not stop.wait(0.5):  # a wait without a limit keeps signals from being seen
            pass


def main(argv: list[str] | None = None) -> int:
    opts = options(argv)
    try:
        run(opts)
    except (ValueError, OSError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
