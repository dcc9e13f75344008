-- 0026: what an export said of the kind of its chat: an export of ours says the same, and takes no unnamed channel for private.
BEGIN IMMEDIATE;

ALTER TABLE import_source ADD COLUMN chat_type TEXT;  -- public_channel, private_supergroup...; NULL: the format does not say

PRAGMA user_version = 26;
COMMIT;
