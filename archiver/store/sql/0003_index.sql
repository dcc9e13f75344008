-- 0003: the index that follows the archive: what was claimed, what is under way, what is resent, what was rejected.
BEGIN IMMEDIATE;

-- Of the last change. What was read at one sequence is acknowledged at that one; a newer change stays in the outbox.
ALTER TABLE outbox ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_order ON outbox (seq, channel_id, message_id);

-- How the index is, one row.
CREATE TABLE indexing (
    indexing_id INTEGER PRIMARY KEY CHECK (indexing_id = 1),
    seq         INTEGER NOT NULL DEFAULT 0,     -- the last one that was given; only ever rises
    state       TEXT NOT NULL DEFAULT 'unused', -- see archiver/index/node_worker.py
    reason      TEXT,
    since       INTEGER,                        -- of the state
    success_at  INTEGER,                        -- when the index last took something, or was seen to lack nothing
    rebuild     TEXT,                           -- NULL: none; wanted, walking, swapping, dropping
    mark        TEXT,                           -- by which the rebuilt index is known after it was swapped
    asked_at    INTEGER
) STRICT;
INSERT INTO indexing (indexing_id) VALUES (1);

-- Tasks of the server that were not seen to be done. (after_*, upto_*] is what they carry of the outbox or of a walk.
CREATE TABLE index_task (
    batch           TEXT NOT NULL,
    index_name      TEXT NOT NULL,
    task_uid        INTEGER NOT NULL,
    walk_of         TEXT,                       -- the index that is walked for; NULL: from the outbox
    after_seq       INTEGER NOT NULL,
    after_channel   INTEGER NOT NULL,
    after_message   INTEGER NOT NULL,
    upto_seq        INTEGER NOT NULL,
    upto_channel    INTEGER NOT NULL,
    upto_message    INTEGER NOT NULL,
    PRIMARY KEY (batch, index_name)
) STRICT, WITHOUT ROWID;

-- Channels that an index is to get (again) from `after_id` on.
CREATE TABLE index_walk (
    index_name  TEXT NOT NULL,
    channel_id  INTEGER NOT NULL,
    after_id    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (index_name, channel_id)
) STRICT, WITHOUT ROWID;

-- Messages that the server does not take; a change of theirs tries again.
CREATE TABLE index_aside (
    channel_id  INTEGER NOT NULL,
    message_id  INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    code        TEXT NOT NULL,
    PRIMARY KEY (channel_id, message_id)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 3;
COMMIT;
