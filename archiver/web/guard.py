"""The checks that every request passes first (host name, method, origin, token), and the headers of every answer.

Listening on loopback is not a boundary: strangers' pages reach it through the browser (DNS rebinding), and so do other
programs on this machine. https://fetch.spec.whatwg.org/#http-sec-fetch-site
"""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from archiver.web.addresses import own_path
from archiver.web.admission import Admission
from archiver.web.listening import is_allowed
from archiver.web.site import is_secure

log = logging.getLogger(__name__)

POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-store",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Headers of every answer, unless a view sets a stricter one."""
OPEN_PREFIX = "/static/"
PROBE = "/healthz"
_ABSOLUTE = re.compile(r"(?i:https?)://(?P<authority>[^/]*)(?P<path>.*)", re.DOTALL)
_LONGEST = 8_000
"""Bytes of a request's path and query."""

Refuse = Callable[[Request, int], Response]
"""Makes the answer to a refused request."""


class Guard:
    """The outermost application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Iterable[str],
        admission: Admission,
        refuse: Refuse,
        begin: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self._begin = begin
        """Called before each request."""
        self._hosts = frozenset(hosts)
        self._admission = admission
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as long as the client waits for it."""
        if scope["type"] != "http":
            return
        self._begin()
        scope, authority = in_origin_form(scope)
        answering = asyncio.ensure_future(self._answer(scope, receive, send, authority))
        leaving = asyncio.ensure_future(_leave(receive))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            answering.cancel()
        with suppress(asyncio.CancelledError):
            await answering

    async def _answer(self, scope: Scope, receive: Receive, send: Send, authority: str | None) -> None:
        started = False

        async def send_headed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(raw=message["headers"])
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            answer = self._check(scope, authority)
            await (self._app if answer is None else answer)(scope, receive, send_headed)
        except Exception as exc:  # noqa: BLE001  # no traceback and no text may be shown
            log.error("the page failed: %s at %s", type(exc).__name__, _place(exc))  # noqa: TRY400 - see above
            if not started:
                await self._refuse(Request(scope), 500)(scope, receive, send_headed)

    def _check(self, scope: Scope, authority: str | None) -> Response | None:
        """The answer to a request that is not passed on."""
        headers, request = Headers(scope=scope), Request(scope)
        hosts = headers.getlist("host")
        named = hosts if authority is None else [*hosts, authority]
        if len(hosts) != 1 or not all(is_allowed(one, self._hosts) for one in named):
            return self._refuse(request, 421)
        if scope["method"] not in ("GET", "HEAD"):
            return _with(self._refuse(request, 405), "Allow", "GET, HEAD")
        if len(scope["path"]) + len(scope["query_string"]) > _LONGEST:
            return self._refuse(request, 414)
        if is_foreign(headers, hosts[0]):
            return self._refuse(request, 403)
        if scope["path"] == PROBE or scope["path"].startswith(OPEN_PREFIX):
            return None
        return self._admit(scope, headers, request)

    def _admit(self, scope: Scope, headers: Headers, request: Request) -> Response | None:
        fields = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in fields if name == "token"]
        if given and self._admission.is_token(given[-1]):
            rest = urlencode([(name, value) for name, value in fields if name != "token"])
            path = own_path(scope["path"], safe="/")
            answer = RedirectResponse(f"{path}?{rest}" if rest else path, 303)
            answer.headers["Set-Cookie"] = self._admission.set_cookie(secure=is_secure(headers))
            return answer
        cookie = "; ".join(headers.getlist("cookie"))
        if self._admission.is_admitted(cookie=cookie, authorization=headers.get("authorization", "")):
            return None
        return self._refuse(request, 401)


def _with(answer: Response, name: str, value: str) -> Response:
    answer.headers[name] = value
    return answer


async def _leave(receive: Receive) -> None:
    """Wait until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def in_origin_form(scope: Scope) -> tuple[Scope, str | None]:
    """The request by its path alone, and the host that an absolute address names.

    https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
    """
    found = _ABSOLUTE.fullmatch(scope["path"])
    return (scope, None) if found is None else ({**scope, "path": found["path"] or "/"}, found["authority"])


def is_foreign(headers: Headers, host: str) -> bool:
    """Whether another site makes the browser ask, other than by a link that a person follows."""
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != host.lower():
        return True
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return False
    return (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) != ("navigate", "document")


def _place(exc: BaseException) -> str:
    """File, line and function where it was raised; never the exception's own text, which may quote a message."""
    frames = traceback.extract_tb(exc.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else "an unknown place"
