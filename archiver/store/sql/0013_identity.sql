-- 0013: whose account it is, as far as its owner needs to tell it from another: never more of the number than two digits.
BEGIN IMMEDIATE;

ALTER TABLE account ADD COLUMN first_name TEXT;
ALTER TABLE account ADD COLUMN phone_end TEXT CHECK (length(phone_end) <= 2);

PRAGMA user_version = 13;
COMMIT;
