"""The loopback server as a program: `python -m tests.doubles.telegram --port P --public-key PATH --world demo`.

It writes the public key, prints one line when it is ready, and serves until SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from tests.doubles.telegram import auth, proxies, truth
from tests.doubles.telegram.centres import MOST
from tests.doubles.telegram.control import Control, listen
from tests.doubles.telegram.faults import parse
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import World
from tests.doubles.telegram.worlds import WORLDS, load


def options(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.doubles.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--public-key", type=Path, help="where to write the PEM")
    parser.add_argument(
        "--world",
        action="append",
        help=f"{', '.join(WORLDS)}, big:N, many:N, photos:N[:BYTES][@DC], files:MB[@DC],... or a JSON file; "
        "may be repeated (default: small)",
    )
    parser.add_argument(
        "--many", dest="world", action="append", type="many:{}".format, metavar="N", help="--world many:N"
    )
    parser.add_argument("--channels", default="", help="names of more public channels, empty, with , between")
    parser.add_argument("--phone", default="+9996612345")
    parser.add_argument("--code", default="22222")
    parser.add_argument("--password", help="two-step verification; none by default")
    parser.add_argument(
        "--account",
        action="append",
        default=[],
        type=_account,
        metavar="PHONE:CODE[:PASSWORD]",
        help="one more account beside that of --phone, or its code and password when there is one; may be repeated",
    )
    parser.add_argument(
        "--home",
        action="append",
        default=[],
        type=_home,
        metavar="PHONE:DC",
        help="that account's data centre: its codes are sent there only; may be repeated (default: any will do)",
    )
    parser.add_argument("--dcs", type=int, help="so many data centres (default: 5), and print where they are")
    parser.add_argument(
        "--dc-port",
        action="append",
        default=[],
        type=_dc_port,
        metavar="DC:PORT",
        help="where a data centre listens, as --port does for 2; may be repeated",
    )
    parser.add_argument("--api-id", type=int, help="any other one is refused (default: any is good)")
    parser.add_argument("--api-hash")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", default="", help="METHOD:ACTION(ARGS)+SKIPxTIMES%%PROBABILITY, with ; between")
    parser.add_argument(
        "--proxy",
        action="append",
        default=[],
        metavar="socks5|http[:USER:PASSWORD]|mtproxy[:SECRET]",
        help="a proxy to this server, may be repeated; the order `proxies` says where",
    )
    parser.add_argument("--rtt", type=float, default=0.0, help="seconds that an answer takes")
    parser.add_argument("--gzip", action="store_true", help="pack answers, as Telegram does")
    parser.add_argument("--every-edit", action="store_true", help="differences give each edit as it was at that time")
    parser.add_argument("--resolve-budget", type=int, default=200, help="names an account may resolve in a day")
    parser.add_argument("--state", type=Path, help="keeps logins over a restart")
    parser.add_argument("--truth", type=Path, help="where to write the world as JSON lines")
    parser.add_argument("--log", action="store_true", help="say on stderr what happens")
    return parser.parse_args(argv)


def _account(text: str) -> tuple[str, str, str | None]:
    phone, code, *password = text.split(":", 2)
    return phone, code, password[0] if password else None


def _home(text: str) -> tuple[str, int]:
    phone, dc = text.rsplit(":", 1)
    return phone, int(dc)


def _dc_port(text: str) -> tuple[int, int]:
    dc, port = text.split(":")
    return int(dc), int(port)


def build(opts: argparse.Namespace) -> World:
    world = World(api_id=opts.api_id, api_hash=opts.api_hash, resolve_budget=opts.resolve_budget)
    world.add_account(opts.phone, opts.code, opts.password)
    world.tells_every_edit = opts.every_edit
    for spec in opts.world or ["small"]:
        load(world, spec, opts.seed)
    for phone, code, password in opts.account:
        world.set_account(phone, code, password)
    for phone, dc in opts.home:
        world.account(phone).home_dc = dc
    for name in filter(None, opts.channels.split(",")):
        world.add_channel(name.capitalize(), name)
    return world


def write_atomically(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, encoding="ascii")
    part.replace(path)


async def run(opts: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    world = build(opts)
    if opts.truth:
        truth.write(world, opts.truth)
    for channel in world.channels.values():
        channel.warm()
    keys = auth.load(opts.state) if opts.state else {}
    async with AsyncExitStack() as stack:
        where = {"port": opts.port, "dcs": opts.dcs or MOST, "dc_ports": dict(opts.dc_port)}
        srv = await stack.enter_async_context(Server(world, seed=opts.seed, gzip=opts.gzip, keys=keys, **where))
        for method, action, conditions in parse(opts.faults):
            srv.faults.add(method, action, **conditions)
        srv.net.rtt = opts.rtt
        if opts.public_key:
            write_atomically(opts.public_key, srv.public_key_pem)
        ways = [await stack.enter_async_context(proxies.make(spec, srv)) for spec in opts.proxy]
        # The world lives as long as the program; looking through it for garbage would cost every answer.
        gc.collect()
        gc.freeze()
        sys.stdout.write(f"listening on 127.0.0.1:{srv.port}\n")
        for dc, port in srv.centres.ports.items() if opts.dcs else ():
            sys.stdout.write(f"data centre {dc} on 127.0.0.1:{port}\n")
        sys.stdout.flush()
        listen(Control(srv, ways), loop)
        await stop.wait()
    if opts.state:
        auth.save(keys, opts.state)


def main(argv: list[str] | None = None) -> int:
    opts = options(argv)
    logging.basicConfig(level=logging.DEBUG if opts.log else logging.WARNING, stream=sys.stderr)
    try:
        asyncio.run(run(opts))
    except (ValueError, OSError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
