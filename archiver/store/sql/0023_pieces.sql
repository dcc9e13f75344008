-- 0023: an export may have a message twice, with other words or another date: each of its pieces has a row.
BEGIN IMMEDIATE;

CREATE TABLE imported_piece (
    channel_id      INTEGER NOT NULL,
    message_id      INTEGER NOT NULL,
    import_id       INTEGER NOT NULL REFERENCES import_source,
    payload_sha256  BLOB NOT NULL,
    raw             BLOB,                       -- the piece, unless a row or revision of the message holds it
    differs         TEXT,                       -- JSON {filled: {...}, other: {...}}; NULL: nothing was held, or the same
    PRIMARY KEY (channel_id, message_id, import_id, payload_sha256),
    FOREIGN KEY (channel_id, message_id) REFERENCES message (channel_id, message_id)
) STRICT, WITHOUT ROWID;

INSERT INTO imported_piece SELECT channel_id, message_id, import_id, payload_sha256, raw, differs FROM imported;
DROP TABLE imported;
ALTER TABLE imported_piece RENAME TO imported;

PRAGMA user_version = 23;
COMMIT;
