"""Times and numbers as a page shows them: in one zone and language, with UTC in the title."""

from __future__ import annotations

import gettext
from datetime import UTC, date, datetime, timedelta, tzinfo

from markupsafe import Markup, escape

from archiver.model.iso_time import iso
from search.query.dates import parse_since

_LAST = 253_370_764_800
"""Unix time of the year 9999, whose last month has no calendar in Python."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Times:
    """Formats times and numbers: unix seconds in, text or HTML out."""

    def __init__(self, zone: tzinfo, name: str, texts: gettext.NullTranslations, now: float) -> None:
        self.zone = zone
        self.name = name
        """The zone, as a person chose it."""
        self.now = now
        self._texts = texts

    def local(self, unix: float) -> datetime | None:
        """The time in the zone; None if it cannot be represented."""
        return datetime.fromtimestamp(unix, UTC).astimezone(self.zone) if 0 < unix < _LAST else None

    def day_of(self, unix: float) -> date | None:
        """The day in the zone."""
        moment = self.local(unix)
        return None if moment is None else moment.date()

    def start_of(self, day: date) -> int:
        """When a day begins in the zone."""
        return int(datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp())

    def clock(self, unix: float) -> Markup:
        """`17:13`, where a heading gives the day."""
        moment = self.local(unix)
        return self._element(unix, self._unknown() if moment is None else f"{moment:%H:%M}")

    def at(self, unix: float) -> Markup:
        """`25 Jan 2022 17:13 +03`."""
        return self._element(unix, *self._parts(unix))

    def text(self, unix: float) -> str:
        """The same, without an element."""
        return " ".join(self._parts(unix))

    def _parts(self, unix: float) -> tuple[str, ...]:
        """What a line ends between, if it must: the day and the clock."""
        moment = self.local(unix)
        return (self._unknown(),) if moment is None else (self.day(moment), f"{moment:%H:%M} {self.offset(moment)}")

    def day(self, day: date) -> str:
        """`25 Jan 2022`."""
        month = self._texts.pgettext("month", _MONTHS[day.month - 1])
        written = self._texts.pgettext("date", "%(day)d %(month)s %(year)d")
        return written % {"day": day.day, "month": month, "year": day.year}

    def day_text(self, unix: float) -> str:
        """`25 Jan 2022`, of a time."""
        day = self.day_of(unix)
        return self._unknown() if day is None else self.day(day)

    def weekday(self, day: date) -> str:
        """`Tue 25 Jan 2022`, as a heading."""
        return f"{self._texts.pgettext('weekday', _DAYS[day.weekday()])} {self.day(day)}"

    def month(self, day: date) -> str:
        """`Jan 2022`."""
        return f"{self._texts.pgettext('month', _MONTHS[day.month - 1])} {day.year}"

    def month_name(self, number: int) -> str:
        """`Jan`."""
        return self._texts.pgettext("month", _MONTHS[number - 1])

    def weekday_names(self) -> list[str]:
        """The days of a week from Monday."""
        return [self._texts.pgettext("weekday", name) for name in _DAYS]

    def between(self, begin: float, end: float) -> Markup:
        """An interval in which something happened."""
        if begin == end:
            return self.at(begin)
        written = escape(self._texts.gettext("between %(begin)s and %(end)s"))
        return written % {"begin": self.at(begin), "end": self.at(end)}

    def offset(self, moment: datetime) -> str:
        """`+03`, `+05:30`, `UTC`."""
        return self._texts.pgettext("offset", "%(offset)s") % {"offset": self._offset(moment)}

    def _offset(self, moment: datetime) -> str:
        if self.zone is UTC:
            return "UTC"
        minutes = round((moment.utcoffset() or timedelta()).total_seconds() / 60)
        hours, rest = divmod(abs(minutes), 60)
        return f"{'-' if minutes < 0 else '+'}{hours:02d}{f':{rest:02d}' if rest else ''}"

    def number(self, value: float) -> str:
        """`1,234,567`."""
        return f"{value:,}".replace(",", self._texts.pgettext("between thousands", ","))

    def decimal(self, value: float) -> str:
        """`99.9`."""
        return f"{value:.1f}".replace(".", self._texts.pgettext("decimal", "."))

    def size(self, octets: int) -> str:
        """`41.5 MB`: decimal units."""
        if octets < 1_000:
            return self._texts.gettext("%(n)s B") % {"n": octets}
        if octets < 1_000_000:
            return self._texts.gettext("%(n)s kB") % {"n": f"{octets / 1_000:.0f}"}
        if octets < 1_000_000_000:
            return self._texts.gettext("%(n)s MB") % {"n": self.decimal(octets / 1_000_000)}
        return self._texts.gettext("%(n)s GB") % {"n": self.decimal(octets / 1_000_000_000)}

    def parse_day(self, typed: str, now: datetime) -> int:
        """When a typed date begins. Raises DateError."""
        begin = parse_since(typed, self.zone, now)
        return int(begin.timestamp())

    def _element(self, unix: float, *parts: str) -> Markup:
        universal = iso(int(unix)) or ""
        title = universal.replace("T", " ").replace("Z", " UTC")
        text = Markup(" ").join(Markup("<span>{}</span>").format(one) if parts[1:] else escape(one) for one in parts)
        return Markup(f'<time datetime="{universal}" title="{title}">{text}</time>')  # noqa: S704 - our own

    def _unknown(self) -> str:
        return self._texts.gettext("date unknown")


def next_month(first: date) -> date:
    """The first day of the month after the one that begins here."""
    return (first.replace(day=28) + timedelta(4)).replace(day=1)
