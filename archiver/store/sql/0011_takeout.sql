-- 0011: takeout sessions that are open, and from when one may be asked for; orders to wait that are not obeyed in full.
BEGIN IMMEDIATE;

CREATE TABLE takeout (
    account     TEXT PRIMARY KEY,               -- its label
    takeout_id  INTEGER,                        -- NULL: none is open
    not_before  REAL                            -- unix time; the server wants another device to confirm, or time
) STRICT, WITHOUT ROWID;

-- Until when the server ordered to wait, where that is longer than it is obeyed (flood.until).
CREATE TABLE flood_order (
    account     TEXT NOT NULL,
    method      TEXT NOT NULL,
    ordered     REAL NOT NULL,
    PRIMARY KEY (account, method)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 11;
COMMIT;
