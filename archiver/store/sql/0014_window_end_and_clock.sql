-- 0014: how far the windows of `add --since` reach is looked for again: one old-dated message was taken for their end.
-- How far this machine's clock was ahead of the server's when an answer came, in seconds; NULL: not known.
BEGIN IMMEDIATE;

UPDATE channel SET floor_id = NULL WHERE window_start IS NOT NULL;

ALTER TABLE capture ADD COLUMN clock_ahead REAL;
ALTER TABLE account ADD COLUMN clock_ahead REAL;                        -- at its last connection
ALTER TABLE account ADD COLUMN clock_at INTEGER;                        -- when that was, by the server's clock

PRAGMA user_version = 14;
COMMIT;
