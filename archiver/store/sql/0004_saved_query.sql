-- 0004: questions that are kept by a name, to be used as query:NAME.
BEGIN IMMEDIATE;

CREATE TABLE saved_query (
    folded      TEXT PRIMARY KEY,               -- the name as search/query/saved.py folds it
    name        TEXT NOT NULL,                  -- as it was typed
    query       TEXT NOT NULL,                  -- as it was typed: relative dates mean what they mean when it is used
    saved_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 4;
COMMIT;
