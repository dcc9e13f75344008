-- 0009: rich messages that histories and differences show only in part; the whole is requested.
BEGIN IMMEDIATE;

-- One row for each message whose present edit was ever shown as a part; gone with the next edit that is whole.
CREATE TABLE rich_part (
    channel_id      INTEGER NOT NULL,
    message_id      INTEGER NOT NULL,
    moment          INTEGER NOT NULL,           -- edit_date, else date, of that edit
    part_hash       BLOB NOT NULL,              -- content hash of the part; that of the message too: no more is held
    payload_sha256  BLOB NOT NULL,
    layer           INTEGER NOT NULL,
    raw             BLOB NOT NULL,              -- the part as it was last seen; the whole is in message
    noticed_at      INTEGER NOT NULL,
    completed_at    INTEGER,                    -- NULL: the whole is not held yet
    attempts        INTEGER NOT NULL DEFAULT 0,
    retry_at        INTEGER NOT NULL,           -- not to be asked for before then
    refused         TEXT,                       -- why the server will never give the whole of this edit
    PRIMARY KEY (channel_id, message_id),
    FOREIGN KEY (channel_id, message_id) REFERENCES message (channel_id, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rich_part_open ON rich_part (channel_id, retry_at) WHERE completed_at IS NULL;

-- Parts that earlier versions took for the whole.
INSERT INTO rich_part (channel_id, message_id, moment, part_hash, payload_sha256, layer, raw, noticed_at, retry_at)
SELECT channel_id, message_id, coalesce(edit_date, date), content_hash, payload_sha256, layer, raw, last_seen, 0
FROM message WHERE extra IS NOT NULL AND instr(extra, '"part":true') AND json_extract(extra, '$.rich.part');

PRAGMA user_version = 9;
COMMIT;
