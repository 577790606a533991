-- Those of devices and guests follow their event's end, and end with a draft that is deleted. First of all: it takes
-- longest, and whoever signs in waits for it; doors do not.
CREATE INDEX sessions_event_idx ON sessions (event_id) WHERE event_id IS NOT NULL AND revoked_at IS NULL;

-- When the scan was made; `at` is when the hub heard of it. Null: an older release did not say.
ALTER TABLE attempts ADD COLUMN scanned_at timestamptz;
