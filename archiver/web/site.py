"""What all views of one server share, and what one request asks for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from starlette.datastructures import Headers
from starlette.requests import Request

from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.model.completeness import Tally
from archiver.store.database import Connection
from archiver.store.reading_pool import ReadingPool
from archiver.web.languages import Language, choose_language
from archiver.web.priority import Urgency
from archiver.web.share import ProcessorShare
from archiver.web.times import Times
from archiver.web.words import PageWords
from search.query.dates import parse_zone

if TYPE_CHECKING:
    from config.settings import Settings

ViewFormat: TypeAlias = Literal["html", "json", "csv", "atom"]
Tallies: TypeAlias = dict[ChannelId, tuple[float, Tally | None]]
"""Counts of each channel's ids, with the time of counting; None: that took too long."""

QUICK = 5.0
"""Seconds for the questions of a view."""
ZONE_COOKIE, LANGUAGE_COOKIE = "telekeep-zone", "telekeep-language"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One archive, as served."""

    directory: Path
    pool: ReadingPool
    settings: Settings
    languages: Mapping[str, Language]
    words: PageWords
    urgency: Urgency
    share: ProcessorShare = field(default_factory=ProcessorShare)
    tallies: Tallies = field(default_factory=dict)
    tallying: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the request that counts."""

    def reading(self, seconds: float = QUICK) -> AbstractAsyncContextManager[Connection]:
        """A connection to read one state of the archive, for a limited time. Raises OutOfTime, ReadersBusy."""
        return self.pool.reading(seconds)

    def glancing(self, seconds: float) -> AbstractAsyncContextManager[Connection]:
        """The same, for what is only shown if it is there within that time."""
        return self.pool.reading(seconds, strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, as views see it."""

    path: str
    """Without the suffix of its format."""
    fields: Mapping[str, str]
    """The last value of each field of the query, without outer white space."""
    parts: Mapping[str, str]
    """What the route names: a channel, an id."""
    format: ViewFormat
    origin: str
    """How the reader names this page: `http://127.0.0.1:8765`."""
    language: Language
    times: Times

    def get(self, name: str) -> str:
        """A field; empty if it is not given."""
        return self.fields.get(name, "")

    def words(self, name: str) -> list[str]:
        """A field that is a list with commas."""
        return [word.strip() for word in self.get(name).split(",") if word.strip()]

    def number(self, name: str) -> int | None:
        """A field that is a whole number; None if it is not given, or 0. Raises UsageError."""
        text = self.get(name)
        if text and not (text.isascii() and text.isdigit() and len(text) <= 10):
            raise UsageError(f'{name} cannot be "{text[:40]}".', hint="Use a whole number.")
        return int(text or 0) or None

    def say(self, text: str) -> str:
        """A text in the language of the page."""
        return self.language.texts.gettext(text)


def read_request(request: Request, site: Site, form: ViewFormat) -> Asked:
    """Read what is asked for. Raises DateError for an unknown time zone."""
    fields = {name: value.strip() for name, value in request.query_params.multi_items() if name != "token"}
    language = choose_language(
        site.languages,
        chosen=request.cookies.get(LANGUAGE_COOKIE, ""),
        accepted=request.headers.get("accept-language", ""),
    )
    zone = fields.get("tz") or request.cookies.get(ZONE_COOKIE) or site.settings.display.tz
    path = request.url.path
    return Asked(
        path=path.removesuffix(f".{form}") if form != "html" else path,
        fields=fields,
        parts=dict(request.path_params),
        format=form,
        origin=f"{'https' if is_secure(request.headers) else 'http'}://{request.headers.get('host', '')}",
        language=language,
        times=Times(parse_zone(zone), zone, language.texts, time.time()),
    )


def is_secure(headers: Headers) -> bool:
    """Whether a request came over TLS, to a proxy: the page itself has none."""
    return headers.get("x-forwarded-proto", "").lower() == "https"
