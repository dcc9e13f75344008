-- 0022: what came from another archive of telekeep (format telekeep of import_source): messages, earlier contents, and
-- the answers in the log that it has them from. NULL everywhere: captured by this archive, or a piece of an export.
BEGIN IMMEDIATE;

ALTER TABLE message ADD COLUMN import_id INTEGER;       -- whose payload the present content is
ALTER TABLE revision ADD COLUMN import_id INTEGER;
ALTER TABLE capture ADD COLUMN import_id INTEGER;       -- lo and hi stay NULL until all messages are taken over
ALTER TABLE capture ADD COLUMN source_id INTEGER;       -- its capture_id there
CREATE INDEX capture_import ON capture (import_id, source_id) WHERE import_id IS NOT NULL;

-- JSON {schema, accounts, captures, first, last, hashed}: what that archive is; hashed: file, or log where it was in use.
ALTER TABLE import_source ADD COLUMN archive TEXT;

PRAGMA user_version = 22;
COMMIT;
