"""The context of a message: the message it replies to, its origin, the reactions to it."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from archiver.convert.canonical import present, snake_name, to_json
from archiver.convert.peers import Peers, forward_header, known_peer
from archiver.convert.plain import plain
from archiver.convert.text import entity_list


def convert_reply(header: Any, peers: Peers) -> str | None:
    """What the message replies to: another message, a part of one, or a story."""
    if type(header) is types.MessageReplyStoryHeader:
        return to_json({"story_id": header.story_id, "peer": known_peer(header.peer)})
    answered = present(
        reply_to_msg_id=header.reply_to_msg_id,
        reply_to_top_id=header.reply_to_top_id,
        reply_to_peer_id=known_peer(header.reply_to_peer_id),
        forum_topic=header.forum_topic,
        reply_to_scheduled=header.reply_to_scheduled,
        reply_to_ephemeral=header.reply_to_ephemeral,
        quote=header.quote,
        quote_text=header.quote_text,
        quote_entities=entity_list(header.quote_entities) if header.quote_entities else None,
        quote_offset=header.quote_offset,
        todo_item_id=header.todo_item_id,
        poll_option=plain(header.poll_option),
        reply_from=None if header.reply_from is None else forward_header(header.reply_from, peers),
        reply_media=plain(header.reply_media),
    )
    return to_json(answered) if answered else None


def convert_forward(header: Any, peers: Peers) -> str:
    """The origin of a forwarded message."""
    return to_json(forward_header(header, peers))


def convert_reactions(reactions: Any) -> str | None:
    """The reactions with their counts, most frequent first."""
    return sort_reactions([{**_reaction(result.reaction), "count": result.count} for result in reactions.results])


def sort_reactions(counts: list[dict[str, Any]]) -> str | None:
    """Reactions as JSON, most frequent first."""
    # The server sorts by the last vote; our order depends on the counts only.
    counts.sort(key=lambda c: (-int(c["count"]), str(c["reaction"]), str(c.get("custom_emoji_id"))))
    return to_json(counts) if counts else None


def _reaction(reaction: Any) -> dict[str, Any]:
    if type(reaction) is types.ReactionEmoji:
        return {"reaction": reaction.emoticon}
    if type(reaction) is types.ReactionCustomEmoji:
        return {"reaction": None, "custom_emoji_id": str(reaction.document_id)}
    return {"reaction": snake_name(type(reaction).__name__, "Reaction")}
