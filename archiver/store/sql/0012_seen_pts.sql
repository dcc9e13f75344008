-- 0012: how new the answer was that showed a message last, so that only an older answer is refused; and what the server
-- counted more than it showed when all of a channel was last read again.
BEGIN IMMEDIATE;

ALTER TABLE message ADD COLUMN seen_pts INTEGER;
ALTER TABLE channel ADD COLUMN unexplained_count INTEGER;

PRAGMA user_version = 12;
COMMIT;
