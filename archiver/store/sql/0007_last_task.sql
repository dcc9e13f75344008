-- 0007: the last number that a node gave a task. A lower one later: it is an older copy of itself, or was emptied.
BEGIN IMMEDIATE;

ALTER TABLE index_node ADD COLUMN last_task INTEGER;

PRAGMA user_version = 7;
COMMIT;
