-- 0008: what a rebuild brings of the outbox, so that nothing is sent twice: all that could wait, up to this sequence.
BEGIN IMMEDIATE;

ALTER TABLE index_node ADD COLUMN covered INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 8;
COMMIT;
