-- 0016: the files behind the messages: what is known of each, the bytes stored, and what each channel wants.
-- An archive without any file has no row here: a file without a row is not downloaded.
BEGIN IMMEDIATE;

-- A photo or document on Telegram's servers. file_key: photo/ID or document/ID; with /thumb: its small thumbnail.
CREATE TABLE file (
    file_key    TEXT PRIMARY KEY,
    size        INTEGER,                        -- expected bytes; NULL: unknown
    mime        TEXT,
    dc_id       INTEGER,
    status      TEXT NOT NULL DEFAULT 'not downloaded',
    reason      TEXT,
    since       INTEGER NOT NULL,               -- unix seconds of the status
    attempts    INTEGER NOT NULL DEFAULT 0,     -- failed ones since it was last asked for
    retry_at    INTEGER,                        -- of `failed`: when it is fetched again; NULL: when asked
    sha256      TEXT,                           -- stays when the bytes are offloaded
    behind      INTEGER NOT NULL DEFAULT 0      -- whether slots that show it are still to be told
) STRICT, WITHOUT ROWID;
CREATE INDEX file_behind ON file (file_key) WHERE behind;
CREATE INDEX file_sha256 ON file (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX file_retry ON file (retry_at) WHERE retry_at IS NOT NULL;

-- Stored bytes, at media/<first two>/<other 62 digits> below the archive's directory.
CREATE TABLE blob (
    sha256      TEXT PRIMARY KEY,               -- lower-case hexadecimal
    size        INTEGER NOT NULL,
    stored_at   INTEGER NOT NULL,
    verified_at INTEGER,
    state       TEXT NOT NULL DEFAULT 'present'
                CHECK (state IN ('present', 'offloaded', 'missing', 'damaged'))
) STRICT, WITHOUT ROWID;

-- What a channel wants other than [media] says; NULL: as there.
CREATE TABLE media_policy (
    channel_id  INTEGER PRIMARY KEY REFERENCES channel,
    download    TEXT CHECK (download IN ('none', 'photos', 'all')),
    max_size    INTEGER,                        -- bytes
    caps        TEXT,                           -- JSON: bytes by kind
    quota       INTEGER,                        -- bytes of all its files
    thumbnails  INTEGER,
    protected   INTEGER,                        -- whether to fetch files of a channel that forbids saving
    changed_at  INTEGER NOT NULL
) STRICT;

-- How fast files arrived lately, for the estimate of `media plan`; one row an account.
CREATE TABLE media_rate (
    account     TEXT PRIMARY KEY,
    at          INTEGER NOT NULL,
    files       REAL NOT NULL,                  -- a second
    bytes       REAL NOT NULL                   -- a second
) STRICT, WITHOUT ROWID;

-- All slots that show a file: the same file may be in many channels.
CREATE INDEX media_file ON media (id) WHERE id IS NOT NULL AND kind IN
    ('photo', 'video', 'round', 'voice', 'audio', 'gif', 'sticker', 'custom_emoji', 'image', 'document');

ALTER TABLE intake ADD COLUMN media TEXT;                               -- what `add --media` says; NULL: nothing

PRAGMA user_version = 16;
COMMIT;
