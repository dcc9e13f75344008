-- 0002: mirroring for good: accounts, channels to retry later, counters over time, reviews, orders to the service.
BEGIN IMMEDIATE;

ALTER TABLE channel ADD COLUMN account TEXT NOT NULL DEFAULT 'default'; -- whose access is used to read it
ALTER TABLE channel ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;     -- in a row; 0 after a success
ALTER TABLE channel ADD COLUMN retry_at INTEGER;                        -- when to try again after a failure; NULL: no failure
ALTER TABLE channel ADD COLUMN last_error TEXT;                         -- the last failure
ALTER TABLE channel ADD COLUMN described_at INTEGER;                    -- when its full description was last fetched
ALTER TABLE channel ADD COLUMN server_count_pts INTEGER;                -- the pts that server_count is for
ALTER TABLE channel ADD COLUMN accepted_count INTEGER;                  -- server_count minus held, when all was reviewed

ALTER TABLE channel_revision ADD COLUMN participants INTEGER;

-- Every state change of a channel. Append-only.
CREATE TABLE channel_state (
    channel_id  INTEGER NOT NULL REFERENCES channel,
    at          INTEGER NOT NULL,
    state       TEXT NOT NULL,
    reason      TEXT
) STRICT;
CREATE INDEX channel_state_time ON channel_state (channel_id, at);

-- Counters of a message over time: the values from `at` on. A message whose counters never changed has no row.
CREATE TABLE counter (
    channel_id  INTEGER NOT NULL,
    message_id  INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    views       INTEGER,
    forwards    INTEGER,
    replies     INTEGER,
    reactions   TEXT,
    PRIMARY KEY (channel_id, message_id, at),
    FOREIGN KEY (channel_id, message_id) REFERENCES message (channel_id, message_id)
) STRICT, WITHOUT ROWID;

-- The progress of each review of a channel's history. See archiver/model/review_plan.py.
CREATE TABLE review (
    channel_id  INTEGER NOT NULL REFERENCES channel,
    tier        TEXT NOT NULL,
    started_at  INTEGER,                        -- NULL: none is under way
    next_id     INTEGER,                        -- the highest id that is still to be read
    lowest_id   INTEGER,                        -- the lowest one
    reviewed_at INTEGER,                        -- when the last finished one began
    PRIMARY KEY (channel_id, tier)
) STRICT, WITHOUT ROWID;

-- Accounts that log in; an account that the server no longer accepts is dead until the next login.
CREATE TABLE account (
    account     TEXT PRIMARY KEY,               -- its label, never its number
    state       TEXT NOT NULL CHECK (state IN ('active', 'dead')),
    reason      TEXT,
    since       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Channels that another process asks the running service to add: only the service may use the account meanwhile.
CREATE TABLE intake (
    intake_id       INTEGER PRIMARY KEY,
    asked_at        INTEGER NOT NULL,
    channel         TEXT NOT NULL,              -- as typed
    alias           TEXT,
    window_start    INTEGER,
    keep_window     INTEGER NOT NULL,
    account         TEXT,                       -- NULL: its current one, or the default
    done_at         INTEGER,                    -- NULL: not yet
    channel_id      INTEGER,                    -- what it became
    added           INTEGER,                    -- 1: new to the archive
    remark          TEXT,                       -- a harmless problem on the way
    error           TEXT,                       -- why it was not added
    exit_status     INTEGER                     -- the command's, for that error
) STRICT;
CREATE INDEX intake_open ON intake (intake_id) WHERE done_at IS NULL;

-- The service's heartbeat, one row.
CREATE TABLE service (
    service_id  INTEGER PRIMARY KEY CHECK (service_id = 1),
    pid         INTEGER NOT NULL,
    version     TEXT NOT NULL,
    started_at  INTEGER NOT NULL,
    beat_at     INTEGER NOT NULL,               -- renewed while it mirrors
    stopped_at  INTEGER,                        -- NULL: it is running, or was killed
    detail      TEXT NOT NULL DEFAULT '{}'      -- JSON: the current state of each account
) STRICT;

CREATE INDEX message_stub ON message (channel_id) WHERE kind = 'stub';

-- `telekeep changes` queries by time.
CREATE INDEX revision_time ON revision (replaced_at);
CREATE INDEX absence_time ON absence (noticed_at);
CREATE INDEX absence_return ON absence (returned_at) WHERE returned_at IS NOT NULL;
CREATE INDEX channel_revision_time ON channel_revision (observed_at);

PRAGMA user_version = 2;
COMMIT;
