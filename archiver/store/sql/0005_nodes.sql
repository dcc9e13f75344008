-- 0005: the index on one node or several: which node has a channel; whatever is known of the index, by node.
-- A node is named by its address. '' is none yet, and what was there before nodes had names: the first of the settings.
BEGIN IMMEDIATE;

-- Where the documents of a channel are, or are to be. Searches ask the one that `serves`.
CREATE TABLE index_home (
    channel_id  INTEGER NOT NULL,
    node        TEXT NOT NULL,
    phase       TEXT NOT NULL,                  -- wanted, filling, held, leaving; see archiver/model/placement.py
    serves      INTEGER NOT NULL,
    since       INTEGER NOT NULL,               -- of the phase, unix seconds
    renamed     INTEGER NOT NULL DEFAULT 0,     -- its documents bear an earlier name of the channel
    PRIMARY KEY (channel_id, node)
) STRICT, WITHOUT ROWID;
CREATE INDEX index_home_by_node ON index_home (node, phase);
CREATE INDEX index_home_renamed ON index_home (node) WHERE renamed;
INSERT INTO index_home SELECT channel_id, '', 'held', 1, 0, 0 FROM channel
    WHERE EXISTS (SELECT 1 FROM indexing WHERE state <> 'unused');

-- How the index on a node is.
CREATE TABLE index_node (
    node        TEXT NOT NULL PRIMARY KEY,
    state       TEXT NOT NULL DEFAULT 'unused', -- see archiver/index/node_worker.py
    reason      TEXT,
    since       INTEGER,                        -- of the state
    success_at  INTEGER,                        -- when it last took something, or was seen to lack nothing
    rebuild     TEXT,                           -- NULL: none; wanted, walking, swapping, dropping
    mark        TEXT,                           -- by which the rebuilt index is known after it was swapped
    asked_at    INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO index_node SELECT '', state, reason, since, success_at, rebuild, mark, asked_at FROM indexing
    WHERE state <> 'unused' OR rebuild IS NOT NULL;
ALTER TABLE indexing DROP COLUMN state;
ALTER TABLE indexing DROP COLUMN reason;
ALTER TABLE indexing DROP COLUMN since;
ALTER TABLE indexing DROP COLUMN success_at;
ALTER TABLE indexing DROP COLUMN rebuild;
ALTER TABLE indexing DROP COLUMN mark;
ALTER TABLE indexing DROP COLUMN asked_at;

-- What each node does not know yet; one row a message, however often it changed.
ALTER TABLE outbox RENAME TO outbox_before;
DROP INDEX outbox_order;
CREATE TABLE outbox (
    channel_id  INTEGER NOT NULL,
    message_id  INTEGER NOT NULL,
    node        TEXT NOT NULL DEFAULT '',
    enqueued_at INTEGER NOT NULL,
    seq         INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (channel_id, message_id, node)
) STRICT, WITHOUT ROWID;
INSERT INTO outbox SELECT channel_id, message_id, '', enqueued_at, seq FROM outbox_before;
DROP TABLE outbox_before;
CREATE INDEX outbox_order ON outbox (node, seq, channel_id, message_id);

-- Tasks that were under way are not asked about: what they carried still waits, and is sent again.
DROP TABLE index_task;
CREATE TABLE index_task (
    batch           TEXT NOT NULL,
    node            TEXT NOT NULL,
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

ALTER TABLE index_walk RENAME TO index_walk_before;
CREATE TABLE index_walk (
    node        TEXT NOT NULL,
    index_name  TEXT NOT NULL,
    channel_id  INTEGER NOT NULL,
    after_id    INTEGER NOT NULL DEFAULT 0,
    lacks       INTEGER NOT NULL DEFAULT 1,     -- 0: the documents are there, with an earlier name of the channel
    PRIMARY KEY (node, index_name, channel_id)
) STRICT, WITHOUT ROWID;
INSERT INTO index_walk SELECT '', index_name, channel_id, after_id, 1 FROM index_walk_before;
DROP TABLE index_walk_before;

ALTER TABLE index_aside RENAME TO index_aside_before;
CREATE TABLE index_aside (
    node        TEXT NOT NULL,
    channel_id  INTEGER NOT NULL,
    message_id  INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    code        TEXT NOT NULL,
    PRIMARY KEY (node, channel_id, message_id)
) STRICT, WITHOUT ROWID;
INSERT INTO index_aside SELECT '', channel_id, message_id, at, code FROM index_aside_before;
DROP TABLE index_aside_before;

PRAGMA user_version = 5;
COMMIT;
