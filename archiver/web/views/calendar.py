"""The whole history of a channel by months."""

from __future__ import annotations

from collections import Counter
from typing import Final

from archiver.web.calendars import read_days
from archiver.web.charts import draw_chart
from archiver.web.lookup import find_channel
from archiver.web.site import Asked, Site
from archiver.web.view import ViewAnswer

_SECONDS: Final = 10.0


async def show_calendar(site: Site, asked: Asked) -> ViewAnswer:
    """Years with the number of messages of each month."""
    async with site.reading(_SECONDS) as conn:
        found = await find_channel(conn, asked.parts["channel"])
        days = await read_days(conn, found.name.channel_id, asked.times, None, None)
    months: Counter[str] = Counter()
    for day, count in days.items():
        months[day[:7]] += count
    years = sorted({month[:4] for month in months}, reverse=True)
    return ViewAnswer(
        template="calendar.html",
        title=found.name.title,
        data={"months": dict(sorted(months.items()))},
        values={
            "channel": found.name,
            "chart": draw_chart(asked.times, days),
            "years": [(year, [months[f"{year}-{number:02d}"] for number in range(1, 13)]) for year in years],
            "names": [asked.times.month_name(number) for number in range(1, 13)],
        },
    )
