-- 0027: `is:edited in:revisions` no longer counts edits that only an import claims; `store/claimed_edits.py` takes the
-- marks away where the search tables of this version are there: others are made anew anyway.
BEGIN IMMEDIATE;

PRAGMA user_version = 27;
COMMIT;
