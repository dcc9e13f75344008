"""Control lines about channels: what is written in them, and what becomes of them."""

from __future__ import annotations

from typing import Any

from tests.doubles.telegram.article import article
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.fate import BANNED, PRIVATE
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account

_SWITCHES = {
    "miscount": int,  # what `set` may set, and to what
    "forbidden_in_chats": bool,
    "hide_from_probe": bool,
    "lost": bool,
    "min_for_others": bool,
    "new_as_posted": bool,
    "probe_without_pts": bool,
    "rich_limit": int | None,
    "slice_size": int | None,
    "stateless": str | None,
    "tells_every_edit": bool,
    "tells_backwards": bool,
    "timeout": int,
}


class ChannelOrders:
    """Orders about a channel, which is named by its public name or its id."""

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
        if blocks := fields.pop("blocks", None):
            fields["rich_message"] = article(*blocks)
        kind = fields.pop("media", None)
        media = getattr(self.server.world.media, kind)() if kind else None
        return {"id": channel.post(text, date=date, media=media, **fields).id, "pts": channel.pts}

    def do_post_many(self, text: str, channels: list[str | int] | None = None, each: int = 1) -> dict[str, Any]:
        """The same text, `each` times in each of these channels or in all; says channel id, message id, pts of each."""
        world = self.server.world
        chosen = world.channels.values() if channels is None else [world.channel(name) for name in channels]
        return {"posted": [[c.id, c.post(text).id, c.pts] for _ in range(each) for c in chosen]}

    def do_edit(
        self,
        channel: Channel,
        id: int,  # noqa: A002
        text: str,
        date: int | None = None,
        blocks: list[str] | None = None,
    ) -> dict[str, Any]:
        channel.edit(id, text=text, date=date, **({"rich_message": article(*blocks)} if blocks else {}))
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

    # what it says of itself

    def do_make(self, title: str, username: str | None = None, **fields: Any) -> dict[str, Any]:
        """A new channel."""
        return {"id": self.server.world.add_channel(title, username, **fields).id}

    def do_title(self, channel: Channel, title: str) -> dict[str, Any]:
        return {"id": channel.set_title(title).id, "pts": channel.pts}

    def do_rename(self, channel: Channel, username: str | None = None) -> dict[str, Any]:
        channel.rename(username)
        return {}

    def do_name(self, channel: Channel, name: str, active: bool = True) -> dict[str, Any]:
        """One more public name, or one of the channel's switched on or off."""
        world = self.server.world
        if name.lower() not in {known.lower() for known in channel.usernames}:
            world.add_username(channel, name)
        world.switch_username(channel, name, active=active)
        return {"usernames": channel.usernames}

    def do_takeover(self, channel: Channel, name: str) -> dict[str, Any]:
        """The channel takes this public name, whoever has it now."""
        holder = self.server.world.names.get(name.lstrip("@").lower())
        channel.rename(name.lstrip("@"))
        return {"id": channel.id, "from": holder}

    def do_about(self, channel: Channel, about: str) -> dict[str, Any]:
        channel.about = about
        return {}

    def do_participants(self, channel: Channel, count: int) -> dict[str, Any]:
        channel.subscribers = count
        return {}

    # who may read it

    def do_private(self, channel: Channel, on: bool = True, account: Account | None = None) -> dict[str, Any]:
        """To all but members, or to this account only."""
        if account is not None:
            return self.do_refuse(channel, *PRIVATE, on=on, account=account)
        channel.private = on
        return {}

    def do_ban(self, channel: Channel, on: bool = True, account: Account | None = None) -> dict[str, Any]:
        """Telegram bans the channel; or the channel bans the account, which is told that it is private."""
        return self.do_refuse(channel, *(PRIVATE if account else BANNED), on=on, account=account)

    def do_refuse(
        self, channel: Channel, code: int = 400, name: str = "", on: bool = True, account: Account | None = None
    ) -> dict[str, Any]:
        """Any error, for everybody or for one account."""
        if on and not name:
            raise ValueError("name")
        if account is None:
            channel.refuse = (code, name) if on else None
        elif on:
            channel.refuse_to[account.id] = (code, name)
        else:
            channel.refuse_to.pop(account.id, None)
        return {}

    def do_hide(self, channel: Channel, id: int) -> dict[str, Any]:  # noqa: A002
        """History up to this id is hidden."""
        channel.set_history_hidden(id)
        return {"count": len(channel.visible)}

    def do_clear(self, channel: Channel) -> dict[str, Any]:
        """Everybody may read everything again."""
        channel.clear()
        return {}

    def do_forget(self, channel: Channel) -> dict[str, Any]:
        """Differences from before are too long from now on."""
        channel.forget_events()
        return {"pts": channel.pts}
