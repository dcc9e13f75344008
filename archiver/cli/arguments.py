"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from archiver.cli.parsing.parameters import Argument, Option

ChannelsArgument: TypeAlias = Annotated[
    list[str] | None, Argument(metavar="CHANNEL", help="Name, alias, link or id; default: all.")
]
MirroredArgument: TypeAlias = Annotated[
    list[str] | None, Argument(metavar="CHANNEL", help="Name, alias, link or id; default: all mirrored ones.")
]
PlacesArgument: TypeAlias = Annotated[
    list[str] | None,
    Argument(metavar="CHANNEL|CHANNEL/ID", help="Channels, or single messages; default: all mirrored channels."),
]
MessageArgument: TypeAlias = Annotated[
    str, Argument(metavar="CHANNEL/ID", help="alias/123, @name/123, ID/123 or a link.")
]
DateZoneOption: TypeAlias = Annotated[
    str | None, Option("--tz", metavar="ZONE", help="Time zone of dates; default: [display] tz, UTC.")
]
