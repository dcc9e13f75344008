-- 0030: the error that ended the service, so that `status` does not report it as stopped.
BEGIN IMMEDIATE;

ALTER TABLE service ADD COLUMN failure TEXT;

PRAGMA user_version = 30;
COMMIT;
