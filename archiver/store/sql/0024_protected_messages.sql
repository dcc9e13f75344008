-- 0024: which messages forbid saving, without reading all of them: `media plan` asks it of each channel.
BEGIN IMMEDIATE;

CREATE INDEX message_protected ON message (channel_id, message_id) WHERE noforwards;

PRAGMA user_version = 24;
COMMIT;
