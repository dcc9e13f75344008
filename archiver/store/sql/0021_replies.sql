-- 0021: the replies of a message, however much later they came, and those in other channels.
-- Not an index on a JSON operator: with trusted_schema off, SQLite refuses to open a file that has one.
BEGIN IMMEDIATE;

CREATE INDEX message_reply ON message (channel_id, reply_to_msg_id, message_id) WHERE reply_to_msg_id IS NOT NULL;

-- The queries of archiver/store/messages/replies.py have the same expression.
CREATE INDEX message_reply_elsewhere ON message (reply_to_msg_id, message_id)
    WHERE instr(reply_to, '"reply_to_peer_id"') > 0;

PRAGMA user_version = 21;
COMMIT;
