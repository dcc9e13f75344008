-- 0019: the index that the state of a node is about: another one of the same server has nothing of what is noted here.
BEGIN IMMEDIATE;

ALTER TABLE index_node ADD COLUMN index_name TEXT;  -- NULL: written before this column, about the one in the settings

PRAGMA user_version = 19;
COMMIT;
