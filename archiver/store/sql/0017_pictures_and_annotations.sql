-- 0017: what is derived from stored files: hashes of pictures, to find the same one elsewhere, and texts that programs made.
BEGIN IMMEDIATE;

-- A picture's perceptual hash, one row per file: of the file itself, else of its small thumbnail, else of the tiny
-- preview in the message. They are all of one method.
CREATE TABLE picture_hash (
    picture_id  INTEGER PRIMARY KEY,
    file_key    TEXT NOT NULL UNIQUE,           -- photo/ID or document/ID
    source      TEXT NOT NULL CHECK (source IN ('file', 'thumbnail', 'preview')),
    method      TEXT NOT NULL,
    hash        INTEGER,                        -- 64 bits; NULL: none that can be compared
    reason      TEXT,                           -- why there is none, or none of the file
    at          INTEGER NOT NULL
) STRICT;
-- Of two hashes at most 7 bits apart, one of four parts of 16 bits differs in at most one bit: 17 values to look up.
CREATE INDEX picture_hash_0 ON picture_hash (hash & 65535) WHERE hash IS NOT NULL;
CREATE INDEX picture_hash_1 ON picture_hash (hash >> 16 & 65535) WHERE hash IS NOT NULL;
CREATE INDEX picture_hash_2 ON picture_hash (hash >> 32 & 65535) WHERE hash IS NOT NULL;
CREATE INDEX picture_hash_3 ON picture_hash (hash >> 48 & 65535) WHERE hash IS NOT NULL;

-- A text that a program of the user's made of stored bytes. Never content: it may be wrong, and is always shown apart.
CREATE TABLE annotation (
    annotation_id INTEGER PRIMARY KEY,
    sha256      TEXT NOT NULL,
    hook        TEXT NOT NULL,                  -- transcribe, ocr
    status      TEXT NOT NULL CHECK (status IN ('done', 'failed')),
    program     TEXT NOT NULL,                  -- as in the settings, without arguments
    version     TEXT,
    language    TEXT,                           -- of the text, guessed
    exit_status INTEGER,                        -- NULL: it was ended, or not started
    reason      TEXT,                           -- why it failed
    text        TEXT,
    at          INTEGER NOT NULL,
    seconds     REAL NOT NULL,                  -- how long it ran
    attempts    INTEGER NOT NULL,
    retry_at    INTEGER,
    replaced_at INTEGER                         -- when a newer one took its place
) STRICT;
CREATE UNIQUE INDEX annotation_current ON annotation (sha256, hook) WHERE replaced_at IS NULL;

-- With the kind, so that pictures are counted without reading each attachment.
DROP INDEX media_file;
CREATE INDEX media_file ON media (id, kind) WHERE id IS NOT NULL AND kind IN
    ('photo', 'video', 'round', 'voice', 'audio', 'gif', 'sticker', 'custom_emoji', 'image', 'document');

PRAGMA user_version = 17;
COMMIT;
