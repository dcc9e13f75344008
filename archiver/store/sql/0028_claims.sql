-- 0028: the present messages that only imports have, which no count of Telegram includes: few, found at once.
BEGIN IMMEDIATE;

CREATE INDEX IF NOT EXISTS message_claim ON message (channel_id, message_id) WHERE layer = 0 AND missing_since IS NULL;

PRAGMA user_version = 28;
COMMIT;
