"""The application: routes to views, in every format that a view has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from urllib.parse import quote

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from archiver.web.addresses import own_path
from archiver.web.admission import Admission
from archiver.web.assets import Assets
from archiver.web.blobs import Blobs
from archiver.web.formats import feed_values, to_csv, to_json
from archiver.web.guard import Guard
from archiver.web.languages import choose_language
from archiver.web.pictures import Previews
from archiver.web.problems import PLAIN, describe_problem, describe_refusal
from archiver.web.rendering import Renderer
from archiver.web.site import LANGUAGE_COOKIE, ZONE_COOKIE, Asked, Site, ViewFormat, read_request
from archiver.web.view import View, ViewAnswer
from archiver.web.views.calendar import show_calendar
from archiver.web.views.changes import show_changes
from archiver.web.views.channel import count_newer_messages, show_channel
from archiver.web.views.health import show_health
from archiver.web.views.home import show_home
from archiver.web.views.media import show_media
from archiver.web.views.message import show_message
from archiver.web.views.queries import show_alert, show_help, show_queries
from archiver.web.views.search import show_search
from search.errors import SearchError
from search.query.dates import parse_zone

VIEWS: tuple[tuple[str, View, tuple[ViewFormat, ...]], ...] = (
    ("/", show_home, ("html",)),
    ("/channels", show_home, ("json", "html")),
    ("/search", show_search, ("json", "csv", "atom", "html")),
    ("/c/{channel}", show_channel, ("json", "csv", "atom", "html")),
    ("/changes", show_changes, ("json", "html")),
    ("/queries", show_queries, ("json", "html")),
    ("/alerts/{name}", show_alert, ("json", "csv", "atom", "html")),
    ("/health", show_health, ("json", "html")),
    ("/help/query", show_help, ("html",)),
    ("/c/{channel}/newer", count_newer_messages, ("json",)),
    ("/c/{channel}/calendar", show_calendar, ("json", "html")),
    ("/c/{channel}/media", show_media, ("json", "html")),
    ("/c/{channel}/{message_id:number}", show_message, ("json", "csv", "html")),
)
"""Address, view and formats. A format other than HTML is a suffix of the address, and must come before it."""
MOST_BYTES = 148_000
"""Bytes of a page of messages; more only if one message alone has more."""
_YEAR = 31_536_000


class _Number(IntegerConvertor):
    """A number that SQLite can look up; with more digits the address does not exist."""

    regex = "[0-9]{1,18}"


register_url_convertor("number", _Number())


class Endpoints:
    """Answers requests with views."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._assets = Assets()
        self._renderer = Renderer(site.languages, self._assets)

    def routes(self) -> Iterable[Route]:
        """All addresses."""
        yield Route("/healthz", _probe)
        yield Route("/static/{name}", self._answered(self._assets.serve))
        yield Route("/display", self._set_display)
        yield Route("/media/{sha256}", self._answered(Blobs(self._site).serve))
        preview = "/preview/{channel_id:number}/{message_id:number}/{media_id:number}"
        yield Route(preview, self._answered(Previews(self._site).serve))
        for path, view, formats in VIEWS:
            for form in formats:
                suffix = "" if form == "html" else f".{form}"
                yield Route(f"{path}{suffix}", self._endpoint(view, form))

    def refuse(self, request: Request, status: int) -> Response:
        """The answer to a request that no view sees."""
        if status in PLAIN:  # its host name may be anything, so that nothing is read of its address
            language = choose_language(
                self._site.languages, chosen="", accepted=request.headers.get("accept-language", "")
            )
            return PlainTextResponse(f"{language.sentences.say(PLAIN[status])}\n", status)
        form: ViewFormat = "json" if request.url.path.endswith(".json") else "html"
        asked = self._anything(request, form)
        if status == 401:  # its page leads back to the whole address
            with suppress(SearchError):
                asked = read_request(request, self._site, form)
        return self._respond(request, asked, describe_refusal(status))

    def _answered(self, act: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint whose errors are shown as problems."""

        async def answer(request: Request) -> Response:
            try:
                return await act(request)
            except Exception as exc:
                problem = describe_problem(exc)
                if problem is None:
                    raise
                return self._respond(request, self._anything(request), problem)

        return answer

    def _endpoint(self, view: View, form: ViewFormat) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                asked = read_request(request, self._site, form)
            except SearchError as exc:
                return self._respond(request, self._anything(request, form), describe_problem(exc))
            await self._site.share.turn(limited=self._site.urgency.is_mirroring)
            try:
                return await self._fit(request, asked, await view(self._site, asked))
            except Exception as exc:
                problem = describe_problem(exc)
                if problem is None:
                    raise
                return self._respond(request, asked, problem)

        return answer

    async def _fit(self, request: Request, asked: Asked, shown: ViewAnswer) -> Response:
        """The answer, with fewer messages where it would be too long."""
        answer = self._respond(request, asked, shown)
        while asked.format == "html" and len(answer.body) > MOST_BYTES and shown.shorten is not None:
            shown = await shown.shorten(0.95 * MOST_BYTES / len(answer.body))
            answer = self._respond(request, asked, shown)
        return answer

    def _anything(self, request: Request, form: ViewFormat = "html") -> Asked:
        """The request without its query and cookies, which may be what is wrong with it."""
        scope = {**request.scope, "query_string": b"", "headers": [
            one for one in request.scope["headers"] if one[0] != b"cookie"
        ]}  # fmt: skip
        return read_request(Request(scope), self._site, form)

    def _respond(self, request: Request, asked: Asked, shown: ViewAnswer | None) -> Response:
        shown = describe_refusal(500) if shown is None else shown
        if shown.location is not None:
            return RedirectResponse(shown.location, 303)
        if asked.format == "json":
            return Response(to_json(shown, asked), shown.status, media_type="application/json")
        if asked.format == "csv" and shown.rows is not None:
            name = quote(asked.path.strip("/").replace("/", "-") or "telekeep")
            attached = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
            return Response(to_csv(shown.rows), shown.status, attached, media_type="text/csv")
        if asked.format == "atom" and shown.rows is not None:
            values = {"asked": asked, "times": asked.times, **feed_values(shown, asked)}
            body = self._renderer.render("feed.atom", asked.language.code, values)
            return Response(body, shown.status, media_type="application/atom+xml")
        values = {
            "asked": asked,
            "times": asked.times,
            "words": self._site.words,
            "status": shown.status,
            **shown.values,
        }
        body = self._renderer.render(shown.template, asked.language.code, values)
        return Response(body, shown.status, media_type="text/html")

    async def _set_display(self, request: Request) -> Response:
        """Keep the zone and language that a person chose, and go back."""
        fields = request.query_params
        back = fields.get("back", "/")
        answer = RedirectResponse(own_path(back.split("#")[0], safe="/?&=%+:@!*'(),;-._~"), 303)
        zone, language = fields.get("tz", "").strip(), fields.get("language", "")
        if zone:
            try:
                parse_zone(zone)
            except SearchError as exc:
                return self._respond(request, self._anything(request), describe_problem(exc))
            _keep(answer, ZONE_COOKIE, zone)
        if language in self._site.languages:
            _keep(answer, LANGUAGE_COOKIE, language)
        return answer


def _keep(answer: Response, cookie: str, value: str) -> None:
    answer.set_cookie(cookie, value, max_age=_YEAR, httponly=True, samesite="strict")


async def _probe(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def make_app(site: Site, *, hosts: Iterable[str], admission: Admission) -> ASGIApp:
    """The guarded application."""
    page = Endpoints(site)

    async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
        await page.refuse(Request(scope), 404)(scope, receive, send)

    # Not Starlette's application: it answers failures with its own page, and corrects addresses by redirects.
    inner = Router(routes=list(page.routes()), redirect_slashes=False, default=not_found)
    return Guard(inner, hosts=hosts, admission=admission, refuse=page.refuse, begin=site.urgency.settle)
