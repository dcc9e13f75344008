-- 0029: the state of channels that were no longer active before their states were logged (0002), as it was noted then.
BEGIN IMMEDIATE;

INSERT INTO channel_state (channel_id, at, state, reason)
    SELECT channel_id, state_since, state, state_reason FROM channel
    WHERE state <> 'active' AND state_since IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM channel_state AS logged WHERE logged.channel_id = channel.channel_id);

PRAGMA user_version = 29;
COMMIT;
