-- 0030: why a service ended that nobody stopped, so that `status` does not call it stopped.
BEGIN IMMEDIATE;

ALTER TABLE service ADD COLUMN failure TEXT;

PRAGMA user_version = 30;
COMMIT;
