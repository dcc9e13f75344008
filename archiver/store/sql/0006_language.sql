-- 0006: the language that a text seems to be in, guessed once: the index is filled many times from the same messages.
BEGIN IMMEDIATE;

-- '' is unknown, NULL not guessed yet. A change of archiver/model/language.py needs a migration that empties it.
ALTER TABLE message ADD COLUMN lang TEXT;

PRAGMA user_version = 6;
COMMIT;
