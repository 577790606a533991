-- When the scan was made, by a door that judged alone; `at` is when the hub heard of it. Null: they are the same.
ALTER TABLE attempts ADD COLUMN scanned_at timestamptz;

-- Those of devices and guests follow their event's end, and end with a draft that is deleted.
CREATE INDEX sessions_event_idx ON sessions (event_id) WHERE event_id IS NOT NULL AND revoked_at IS NULL;
