"""A small archive with something of everything that the page shows."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from archiver.model.record import Media
from tests.sample import NOW, OTHER, build, connect, entities, index, make_message

HOSTILE = "]]></content><script>\x0b\ufffe\u202e & bridge"


def revision(number: int, at: int, text: str) -> str:
    digest = sha256(text.encode()).hexdigest()
    return (
        "INSERT INTO revision (channel_id, message_id, revision, text, media, first_seen, last_seen, replaced_at,"
        f" content_hash, payload_sha256, layer, raw) VALUES (1001, {number}, 1, '{text}', '[]', {at - 60}, {at}, {at},"
        f" x'{digest}', x'{digest}', 229, x'')"
    )


def make_world(directory: Path) -> Path:
    """Put it there."""
    texts = {
        1: "the bridge is open",
        2: HOSTILE,
        3: "see t.me/jisr_news/5 and #bridge by @jisr_news",
        4: "plain bridge",
    }
    marks = {3: entities(("url", 4, 16), ("hashtag", 25, 7), ("mention", 36, 10))}
    messages = [make_message(one, text, entities=marks.get(one)) for one, text in texts.items()]
    sql = [
        revision(1, NOW, "the bridge is closed"),
        "UPDATE message SET revisions = 1 WHERE message_id = 1",
        f"UPDATE message SET missing_since = {NOW + 5}, missing_how = 'audit' WHERE message_id = 4",
        f"INSERT INTO absence VALUES (1001, 4, {NOW + 5}, 'audit', {NOW - 60}, NULL)",
    ]
    build(directory, messages, covered=[(1, 4)], sql=sql)
    forward = '{"from_id": {"type": "channel", "id": 1001}, "channel_post": 4}'
    copies = [
        make_message(5, "an early copy of the long and winding road", channel_id=1002),
        make_message(6, "", channel_id=1002, fwd_from=forward),
        make_message(7, "An early copy of the long and winding road!", channel_id=1002),
        make_message(8, "an early copy of the long and winding road to nowhere at all", channel_id=1002),
        make_message(9, "no", channel_id=1002, reply_to='{"reply_to_msg_id": 8}', reply_to_msg_id=8),
    ]
    poll = '{"answers": [{"text": "Yes", "voters": 3}, {"text": "No"}], "total_voters": 3}'
    copies += [
        make_message(10, channel_id=1002, kind="service", action='{"type": "chat_edit_title", "title": "New name"}'),
        make_message(
            11,
            channel_id=1002,
            media=[Media(slot=0, kind="poll", title="Go?", extra=poll)],
            markup='[[{"text": "Open", "url": "https://example.org"}]]',
        ),
    ]
    build(directory, copies, channel=OTHER, covered=[(1, 11)])
    index(directory, [*messages, *copies])
    conn = connect(directory)
    for at, views in ((NOW, 10), (NOW + 60, 90), (NOW + 120, 95)):
        conn.execute("INSERT INTO counter VALUES (1002, 8, ?, ?, 1, NULL, NULL)", (at, views))
    conn.execute("INSERT INTO saved_query VALUES ('mine', 'Mine <b>', 'bridge -open', ?)", (NOW,))
    conn.execute(
        "UPDATE channel SET state = 'banned', state_since = ?, state_reason = 'gone' WHERE channel_id = 1002", (NOW,)
    )
    conn.close()
    return directory
