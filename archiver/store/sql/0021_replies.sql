-- 0021: the replies of a message, however much later they came, and those in other channels.
BEGIN IMMEDIATE;

-- By the channel of the message that is replied to. The queries of archiver/store/replies.py have the same expression.
CREATE INDEX message_reply ON message
    (coalesce(reply_to ->> '$.reply_to_peer_id.id', channel_id), reply_to_msg_id, message_id)
    WHERE reply_to_msg_id IS NOT NULL;

PRAGMA user_version = 21;
COMMIT;
