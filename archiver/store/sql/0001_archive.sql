-- 0001: the archive. Nothing is ever deleted from message, revision, capture; times are unix seconds UTC.
BEGIN IMMEDIATE;

-- A mirrored channel. channel_id identifies it; everything else was observed and may change (see channel_revision).
CREATE TABLE channel (
    channel_id      INTEGER PRIMARY KEY,
    alias           TEXT UNIQUE,
    username        TEXT,
    usernames       TEXT NOT NULL DEFAULT '[]',
    title           TEXT NOT NULL,
    about           TEXT,
    megagroup       INTEGER NOT NULL,
    participants    INTEGER,
    created         INTEGER,
    noforwards      INTEGER NOT NULL DEFAULT 0,
    restriction     TEXT,
    flags           TEXT NOT NULL DEFAULT '[]',
    added_at        INTEGER NOT NULL,
    window_start    INTEGER,                    -- where backfill ends; NULL: the whole history
    state           TEXT NOT NULL DEFAULT 'active'
                    CHECK (state IN ('active', 'inaccessible', 'banned', 'needs_newer_layer', 'removed')),
    state_reason    TEXT,
    state_since     INTEGER,
    generation      INTEGER NOT NULL DEFAULT 1, -- raised when the server answers "too long"
    pts             INTEGER,                    -- commits with the messages it accounts for; NULL: nothing read yet
    top_id          INTEGER NOT NULL DEFAULT 0, -- the highest id known to exist
    floor_id        INTEGER,                    -- the highest id known to be older than window_start
    server_count    INTEGER,                    -- the server's count of its messages
    server_count_at INTEGER,
    last_sync_at    INTEGER
) STRICT;
CREATE INDEX channel_username ON channel (username COLLATE NOCASE);

-- A channel's names and description, one row per change.
CREATE TABLE channel_revision (
    channel_id  INTEGER NOT NULL REFERENCES channel,
    revision    INTEGER NOT NULL,               -- 1 is the first sight
    observed_at INTEGER NOT NULL,
    username    TEXT,
    usernames   TEXT NOT NULL,
    title       TEXT NOT NULL,
    about       TEXT,
    restriction TEXT,
    flags       TEXT NOT NULL,
    PRIMARY KEY (channel_id, revision)
) STRICT, WITHOUT ROWID;

-- An access hash is valid for one account only.
CREATE TABLE access (
    account     TEXT NOT NULL,
    channel_id  INTEGER NOT NULL REFERENCES channel,
    access_hash INTEGER NOT NULL,
    resolved_at INTEGER NOT NULL,
    PRIMARY KEY (account, channel_id)
) STRICT, WITHOUT ROWID;

-- The current content of each message; earlier contents are in revision.
CREATE TABLE message (
    channel_id      INTEGER NOT NULL REFERENCES channel,
    message_id      INTEGER NOT NULL,
    kind            TEXT NOT NULL,              -- message, service, stub
    date            INTEGER NOT NULL,
    edit_date       INTEGER,
    text            TEXT NOT NULL,
    entities        TEXT,
    sender          TEXT,
    post_author     TEXT,
    via_bot_id      INTEGER,
    reply_to        TEXT,
    reply_to_msg_id INTEGER,
    fwd_from        TEXT,
    grouped_id      TEXT,
    views           INTEGER,
    forwards        INTEGER,
    replies         INTEGER,
    reactions       TEXT,
    action          TEXT,
    media_kind      TEXT,
    markup          TEXT,
    restriction     TEXT,
    noforwards      INTEGER NOT NULL,
    pinned          INTEGER NOT NULL,
    silent          INTEGER NOT NULL,
    extra           TEXT,
    origin          TEXT NOT NULL,              -- how it was first seen: history, update, audit, import
    generation      INTEGER NOT NULL,           -- when it was last seen
    first_seen      INTEGER NOT NULL,
    last_seen       INTEGER NOT NULL,
    missing_since   INTEGER,                    -- when it was noticed to be missing; NULL: present at last_seen
    missing_how     TEXT,                       -- update, history, audit
    revisions       INTEGER NOT NULL DEFAULT 0, -- earlier contents kept
    content_hash    BLOB NOT NULL,
    payload_sha256  BLOB NOT NULL,
    layer           INTEGER NOT NULL,
    raw             BLOB NOT NULL,
    PRIMARY KEY (channel_id, message_id)
) STRICT;
CREATE INDEX message_date ON message (channel_id, date, message_id);
CREATE INDEX message_missing ON message (channel_id, message_id) WHERE missing_since IS NOT NULL;

-- Every absence of a message, ended or not. Append-only, except for returned_at.
CREATE TABLE absence (
    channel_id  INTEGER NOT NULL,
    message_id  INTEGER NOT NULL,
    noticed_at  INTEGER NOT NULL,
    how         TEXT NOT NULL,                  -- update, history, audit
    last_seen   INTEGER NOT NULL,               -- it went missing between last_seen and noticed_at
    returned_at INTEGER,
    PRIMARY KEY (channel_id, message_id, noticed_at),
    FOREIGN KEY (channel_id, message_id) REFERENCES message (channel_id, message_id)
) STRICT, WITHOUT ROWID;

-- Every earlier content of a message, written when another content hash was seen.
CREATE TABLE revision (
    channel_id      INTEGER NOT NULL,
    message_id      INTEGER NOT NULL,
    revision        INTEGER NOT NULL,           -- 1 is the first content
    edit_date       INTEGER,
    text            TEXT NOT NULL,
    entities        TEXT,
    media           TEXT NOT NULL,              -- JSON, as exported
    markup          TEXT,
    extra           TEXT,
    first_seen      INTEGER NOT NULL,
    last_seen       INTEGER NOT NULL,
    replaced_at     INTEGER NOT NULL,           -- when the newer content was seen
    content_hash    BLOB NOT NULL,
    payload_sha256  BLOB NOT NULL,
    layer           INTEGER NOT NULL,
    raw             BLOB NOT NULL,
    PRIMARY KEY (channel_id, message_id, revision),
    FOREIGN KEY (channel_id, message_id) REFERENCES message (channel_id, message_id)
) STRICT, WITHOUT ROWID;

-- Metadata of a message's media, one row per slot. Ids are text, since JSON readers round 64-bit numbers.
CREATE TABLE media (
    channel_id  INTEGER NOT NULL,
    message_id  INTEGER NOT NULL,
    slot        INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    id          TEXT,
    mime        TEXT,
    size        INTEGER,
    width       INTEGER,
    height      INTEGER,
    duration    REAL,
    file_name   TEXT,
    title       TEXT,
    performer   TEXT,
    url         TEXT,
    search_text TEXT,
    extra       TEXT,
    path        TEXT,                           -- of the downloaded file, below media/
    sha256      TEXT,
    status      TEXT NOT NULL DEFAULT 'not downloaded',
    PRIMARY KEY (channel_id, message_id, slot),
    FOREIGN KEY (channel_id, message_id) REFERENCES message (channel_id, message_id)
) STRICT, WITHOUT ROWID;

-- The ids that were read completely: disjoint closed intervals, valid for the channel's generation.
CREATE TABLE coverage (
    channel_id  INTEGER NOT NULL REFERENCES channel,
    generation  INTEGER NOT NULL,
    lo          INTEGER NOT NULL,
    hi          INTEGER NOT NULL CHECK (hi >= lo),
    PRIMARY KEY (channel_id, generation, lo)
) STRICT, WITHOUT ROWID;

-- The chain of custody: one row per request and its answer. Append-only.
CREATE TABLE capture (
    capture_id  INTEGER PRIMARY KEY,
    channel_id  INTEGER NOT NULL REFERENCES channel,
    at          INTEGER NOT NULL,
    method      TEXT NOT NULL,                  -- history, difference, audit, import
    lo          INTEGER,                        -- the range of ids that the answer proves
    hi          INTEGER,
    count       INTEGER NOT NULL,               -- messages stored from the answer
    generation  INTEGER NOT NULL,
    version     TEXT NOT NULL,                  -- of telekeep
    layer       INTEGER NOT NULL,
    account     TEXT NOT NULL                   -- its label, never its number
) STRICT;
CREATE INDEX capture_range ON capture (channel_id, generation, hi, lo);

-- The messages that the index does not have yet; one row per message, however often it changed.
CREATE TABLE outbox (
    channel_id  INTEGER NOT NULL,
    message_id  INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL,
    PRIMARY KEY (channel_id, message_id)
) STRICT, WITHOUT ROWID;

-- The server's flood waits; obeyed across restarts.
CREATE TABLE flood (
    account     TEXT NOT NULL,
    method      TEXT NOT NULL,
    until       REAL NOT NULL,
    PRIMARY KEY (account, method)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 1;
COMMIT;
