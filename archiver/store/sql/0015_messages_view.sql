-- 0015: a view for other programs, documented in docs/other-programs.md: one row per message, in words and ISO times.
BEGIN IMMEDIATE;

-- CROSS JOIN makes SQLite look up the channel first, whatever its statistics say; then message_date finds the dates.
-- NOCASE: names are written in any case. IF NOT EXISTS: a person may have made a table of that name.
CREATE VIEW IF NOT EXISTS messages AS
SELECT
    coalesce(c.username, c.alias, CAST(c.channel_id AS TEXT)) COLLATE NOCASE AS channel,
    m.message_id AS message_id,
    strftime('%Y-%m-%dT%H:%M:%SZ', m.date, 'unixepoch') AS date,
    m.text AS text,
    'https://t.me/' || coalesce(c.username, 'c/' || c.channel_id) || '/' || m.message_id AS permalink,
    CASE m.kind WHEN 'service' THEN 'service' ELSE 'message' END AS kind,
    m.media_kind AS media,
    strftime('%Y-%m-%dT%H:%M:%SZ', m.missing_since, 'unixepoch') AS deleted_since,
    m.revisions AS revisions,
    c.alias AS alias,
    c.title AS title,
    c.channel_id AS channel_id,
    m.date AS date_unix,
    strftime('%Y-%m-%dT%H:%M:%SZ', m.edit_date, 'unixepoch') AS edit_date,
    m.views AS views,
    m.forwards AS forwards,
    m.replies AS replies,
    coalesce(json_extract(m.sender, '$.name'), m.post_author) AS author,
    coalesce(json_extract(m.fwd_from, '$.username'), json_extract(m.fwd_from, '$.name'),
             json_extract(m.fwd_from, '$.from_name')) AS forwarded_from,
    m.reply_to_msg_id AS reply_to,
    m.grouped_id AS grouped_id,
    m.restriction AS restriction,
    strftime('%Y-%m-%dT%H:%M:%SZ', m.first_seen, 'unixepoch') AS first_seen,
    strftime('%Y-%m-%dT%H:%M:%SZ', m.last_seen, 'unixepoch') AS last_seen,
    lower(hex(m.payload_sha256)) AS payload_sha256
FROM channel AS c CROSS JOIN message AS m ON m.channel_id = c.channel_id;

PRAGMA user_version = 15;
COMMIT;
