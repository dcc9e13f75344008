"""Control lines about channels: what is written in them, and what becomes of them."""

from __future__ import annotations

from typing import Any

from tests.telegram.channel import Channel
from tests.telegram.server import Server

_SWITCHES = {  # what `set` may set, and to what
    "hide_from_probe": bool,
    "new_as_posted": bool,
    "probe_without_pts": bool,
    "slice_size": int | None,
    "tells_every_edit": bool,
    "timeout": int,
}


class ChannelOrders:
    """Each order names its channel by its public name or its id."""

    server: Server

    def do_set(self, channel: Channel | None = None, **switches: Any) -> dict[str, Any]:
        """Switches of fate.py, of one channel or of all."""
        for name, value in switches.items():
            if not isinstance(value, _SWITCHES[name]):
                raise TypeError(name)
        channels = self.server.world.channels.values() if channel is None else [channel]
        for each in channels:
            for name, value in switches.items():
                setattr(each, name, value)
        return {"channels": len(channels)}

    def do_post(self, channel: Channel, text: str, date: int | None = None, **fields: Any) -> dict[str, Any]:
        kind = fields.pop("media", None)
        media = getattr(self.server.world.media, kind)() if kind else None
        return {"id": channel.post(text, date=date, media=media, **fields).id, "pts": channel.pts}

    def do_edit(self, channel: Channel, id: int, text: str, date: int | None = None) -> dict[str, Any]:  # noqa: A002
        channel.edit(id, text=text, date=date)
        return {"id": id, "pts": channel.pts}

    def do_delete(self, channel: Channel, ids: list[int]) -> dict[str, Any]:
        channel.delete(*ids)
        return {"ids": ids, "pts": channel.pts}

    def do_pin(self, channel: Channel, id: int) -> dict[str, Any]:  # noqa: A002
        channel.pin(id)
        return {"pts": channel.pts}

    def do_view(self, channel: Channel, id: int, views: int) -> dict[str, Any]:  # noqa: A002
        channel.view(id, views)
        return {}

    def do_react(self, channel: Channel, id: int, counts: dict[str, int]) -> dict[str, Any]:  # noqa: A002
        channel.react(id, counts)
        return {}

    def do_title(self, channel: Channel, title: str) -> dict[str, Any]:
        return {"id": channel.set_title(title).id, "pts": channel.pts}

    def do_rename(self, channel: Channel, username: str | None = None) -> dict[str, Any]:
        channel.rename(username)
        return {}

    def do_private(self, channel: Channel, on: bool = True) -> dict[str, Any]:
        channel.private = on
        return {}

    def do_forget(self, channel: Channel) -> dict[str, Any]:
        """Differences from before are too long from now on."""
        channel.forget_events()
        return {"pts": channel.pts}
