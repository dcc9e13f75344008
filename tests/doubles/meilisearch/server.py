"""The HTTP server around an instance: loopback only, a thread for each connection, faults on the way.

with Server(master_key="key") as server:
    client = meilisearch.Client(server.url, server.master_key)
"""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import struct
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self

from tests.doubles.meilisearch import bodies, routes_admin, routes_documents, routes_indexes, routes_search
from tests.doubles.meilisearch.auth import authorize
from tests.doubles.meilisearch.calls import Call, Calls
from tests.doubles.meilisearch.errors import DEVICE_FULL, ApiError
from tests.doubles.meilisearch.faults import Faults, Plan
from tests.doubles.meilisearch.instance import Instance
from tests.doubles.meilisearch.routes import Answer, Request, Routes

_WRITES = ("documents.add", "settings.update", "indexes.create", "indexes.update", "indexes.swap")
ROUTES = Routes()
for _part in (routes_admin, routes_documents, routes_indexes, routes_search):
    _part.add_to(ROUTES)


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
    server: Server

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.server.crashes.append(traceback.format_exc())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Listener

    def setup(self) -> None:
        super().setup()
        self.server.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.server.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do(self) -> None:
        self.close_connection = not self.server.server.serve(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do  # noqa: N815


class Server:
    """Listens from start() to stop(); `instance` is what it knows."""

    def __init__(self, port: int = 0, master_key: str | None = "a-master-key-of-tests", db: Path | None = None) -> None:
        self.master_key = master_key
        self.db = db
        self.port = port
        self.instance = Instance(master_key, db)
        self.crashes = self.instance.scheduler.crashes  # tracebacks: mistakes of the double itself
        self.connections: set[socket.socket] = set()
        self._listener: _Listener | None = None
        self._gone = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def faults(self) -> Faults:
        return self.instance.faults

    @property
    def calls(self) -> Calls:
        return self.instance.calls

    def start(self) -> None:
        self.listen()
        self.instance.start()

    def stop(self) -> None:
        self.refuse()
        self.instance.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- the connection

    def listen(self) -> None:
        if self._listener is not None:
            return
        self._gone = threading.Event()
        listener = _Listener(("127.0.0.1", self.port), _Handler)
        listener.server = self
        self.port = listener.server_address[1]
        self._listener = listener
        threading.Thread(target=listener.serve_forever, args=(0.02,), name="meilisearch http", daemon=True).start()

    def refuse(self) -> None:
        """Connections are refused from now on, and those that are open are reset; listen() ends it."""
        listener, self._listener = self._listener, None
        self._gone.set()
        if listener is not None:
            listener.shutdown()
            listener.server_close()
        for connection in list(self.connections):
            _reset(connection)

    def restart(self, *, keep: bool = True) -> None:
        """As if the process were killed and started again, with its data or with none; the port stays."""
        self.refuse()
        old = self.instance
        old.stop()
        if not keep and self.db is not None:
            for file in self.db.glob("double.db*"):
                file.unlink()
        if keep and self.db is None:
            self.instance.resume()
        else:
            self.instance = Instance(self.master_key, self.db)
            self.instance.take_over(old)
        self.start()

    # --- a request

    def serve(self, handler: _Handler) -> bool:
        """Answer one request; whether the connection may stay."""
        if handler.server is not self._listener:
            return _reset(handler.connection)  # it came just before the server was stopped or killed
        path, _, query = handler.path.partition("?")
        headers = handler.headers
        call = self.calls.begin(
            handler.command,
            path,
            query,
            key=(headers.get("Authorization") or "").removeprefix("Bearer ") or None,
            content_type=headers.get("Content-Type"),
            encoding=headers.get("Content-Encoding"),
        )
        call.size = int(headers.get("Content-Length") or 0)  # for predicates of faults
        try:
            return self._serve(handler, call)
        except (OSError, bodies.Broken):
            return False
        finally:
            self.calls.end(call)

    def _serve(self, handler: _Handler, call: Call) -> bool:
        plan = self.faults.plan(call.target, call)
        call.fault = plan.name or None
        if plan.reset == "before":
            return _reset(handler.connection)
        body = bodies.sent(handler.rfile, handler.headers)
        call.size = len(body)
        if plan.hang:
            self._gone.wait()
            return _reset(handler.connection)
        if plan.delay:
            self._gone.wait(plan.delay)
        if plan.status is not None:
            call.status = plan.status
            return self._send(handler, plan.status, plan.body, plan.headers, plan)
        answer = self._answer(handler, call, body)
        if plan.forget_task and answer.task is not None:
            self.instance.forget_task(answer.task)
        if plan.reset == "after":
            return _reset(handler.connection)
        call.status = answer.status
        data = b"" if answer.body is None and answer.status in (204, 404, 405) else _json(answer.body)
        return self._send(handler, answer.status, data, answer.headers, plan)

    def _send(
        self, handler: _Handler, status: int, data: bytes, headers: tuple[tuple[str, str], ...], plan: Plan
    ) -> bool:
        handler.send_response(status)
        if data:
            handler.send_header("Content-Type", "application/json")
        for name, value in headers:
            handler.send_header(name, value)
        if status != 204:
            handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        if plan.stall or plan.drip:
            return self._send_late(handler, data, plan)
        handler.wfile.write(data[: len(data) // 2] if plan.half else data)
        handler.wfile.flush()
        return not plan.half and handler.headers.get("Connection", "").lower() != "close"

    def _send_late(self, handler: _Handler, data: bytes, plan: Plan) -> bool:
        handler.wfile.flush()
        for at in range(0 if plan.stall else len(data)):
            if self._gone.wait(plan.drip):
                break
            handler.wfile.write(data[at : at + 1])
            handler.wfile.flush()
        if plan.stall:
            self._gone.wait()
        return _reset(handler.connection)

    def _answer(self, handler: _Handler, call: Call, body: bytes) -> Answer:
        try:
            return self._handled(handler, call, body)
        except ApiError as error:
            headers = (("Retry-After", "10"),) if error.status == 503 else ()
            return Answer(error.body(), error.status, headers)
        except ConnectionError:
            raise  # the store is closed: the server was stopped or killed in the middle of this request
        except Exception:  # noqa: BLE001 - a mistake of the double must be seen, not hang its client
            self.crashes.append(traceback.format_exc())
            sys.stderr.write(self.crashes[-1])
            return Answer(ApiError("internal", "The double made a mistake.").body(), 500)

    def _handled(self, handler: _Handler, call: Call, body: bytes) -> Answer:
        found = ROUTES.find(call.method, call.path)
        if isinstance(found, int):
            return Answer(None, found)
        route, names = found
        instance = self.instance
        access = None
        if route.action is not None:
            header = handler.headers.get("Authorization")
            access = authorize(header, route.action, names.get("index_uid"), instance.master_key, instance.find_key)
            if instance.disk_full and route.action in _WRITES:
                raise ApiError("no_space_left_on_device", DEVICE_FULL)
        bodies.check_size(body, instance.payload_limit)
        answer = route.handler(Request(instance, access, names, call.query, handler.headers, body))  # type: ignore[arg-type]
        return answer if isinstance(answer, Answer) else Answer(answer)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _reset(connection: socket.socket) -> bool:
    """Break the connection: the client sees a reset, not an end."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
    with contextlib.suppress(OSError):
        connection.close()
    return False


def wait_for(condition: Any, timeout: float = 10) -> None:
    """Until the condition holds. Raises TimeoutError."""
    until = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.005)
