-- 0018: files that `media fetch` asked of the running service, whatever the policies want; gone when they are settled.
BEGIN IMMEDIATE;

CREATE TABLE media_asked (
    channel_id  INTEGER NOT NULL REFERENCES channel,
    message_id  INTEGER NOT NULL,               -- 0: all messages of the channel
    max_size    INTEGER,                        -- bytes; NULL: as large as the channel's policy ever allows
    asked_at    INTEGER NOT NULL,
    PRIMARY KEY (channel_id, message_id)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 18;
COMMIT;
