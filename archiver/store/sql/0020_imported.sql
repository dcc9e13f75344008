-- 0020: imports: which file each came from, and which message has which piece of it. Append-only, except for the
-- counts of an import under way and the raw of a piece whose row was replaced by a capture.
BEGIN IMMEDIATE;

CREATE TABLE import_source (
    import_id   INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,               -- unix seconds of the first page
    finished_at INTEGER,                        -- NULL: under way, or ended early
    channel_id  INTEGER NOT NULL REFERENCES channel,
    format      TEXT NOT NULL,                  -- desktop-json, desktop-html, tg-archive, jsonl, parquet, telekeep
    file_name   TEXT NOT NULL,                  -- without directories
    sha256      TEXT NOT NULL,                  -- of the file; of several: over the list of their hashes
    parts       TEXT NOT NULL DEFAULT '[]',     -- JSON [{name, sha256, bytes}] if there are several
    bytes       INTEGER NOT NULL,
    zone        TEXT,                           -- of --tz; NULL: the dates needed none
    newest      INTEGER,                        -- the newest date in it: the export is not older
    title       TEXT,                           -- what the export calls the channel
    version     TEXT NOT NULL,                  -- of telekeep
    counts      TEXT NOT NULL DEFAULT '{}',     -- JSON {new, same, filled, differing, revisions, files, flaws}
    UNIQUE (channel_id, sha256, format)
) STRICT;

CREATE TABLE imported (
    channel_id      INTEGER NOT NULL,
    message_id      INTEGER NOT NULL,
    import_id       INTEGER NOT NULL REFERENCES import_source,
    payload_sha256  BLOB NOT NULL,
    raw             BLOB,                       -- the piece, unless a row or revision of the message holds it
    differs         TEXT,                       -- JSON {filled: {...}, other: {...}}; NULL: nothing was held, or the same
    PRIMARY KEY (channel_id, message_id, import_id),
    FOREIGN KEY (channel_id, message_id) REFERENCES message (channel_id, message_id)
) STRICT, WITHOUT ROWID;

-- 1: known by imports alone, and not mirrored (its state is 'removed'); 0 once it was added.
ALTER TABLE channel ADD COLUMN imported_only INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 20;
COMMIT;
