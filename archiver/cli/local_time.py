"""`--tz` of the commands that show times: the zone asked for, else that of [display] tz, else UTC."""

from __future__ import annotations

import time
from typing import Annotated, TypeAlias

from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import Option
from archiver.cli.view.moments import Moments, choose_zone

ZoneOption: TypeAlias = Annotated[
    str | None, Option("--tz", metavar="ZONE", help="Time zone of times for people; default: [display] tz, UTC.")
]


def local_time(invocation: Invocation, given: str | None) -> Moments:
    """Writes times in that zone, as of now. Raises DateError, SettingsError."""
    return Moments(choose_zone(invocation.zone(given)), time.time())
