-- 0025: files that somebody asked for by name with `media fetch`, whatever the policies want: pruning keeps them.
BEGIN IMMEDIATE;

CREATE TABLE media_chosen (
    channel_id  INTEGER NOT NULL REFERENCES channel,
    message_id  INTEGER NOT NULL,               -- 0: all messages of the channel up to `newest`
    newest      INTEGER NOT NULL,               -- the newest message of the channel that was archived then
    max_size    INTEGER,                        -- bytes; NULL: of any size
    chosen_at   INTEGER NOT NULL,               -- unix seconds
    PRIMARY KEY (channel_id, message_id)
) STRICT, WITHOUT ROWID;
INSERT INTO media_chosen (channel_id, message_id, newest, max_size, chosen_at)
    SELECT channel_id, message_id,
           coalesce((SELECT max(message_id) FROM message WHERE message.channel_id = media_asked.channel_id), 0),
           max_size, asked_at
    FROM media_asked;

PRAGMA user_version = 25;
COMMIT;
