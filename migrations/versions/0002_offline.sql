-- Doors without a network. Everything is added, so that the release before this one goes on beside it.

-- How a door may judge an offer's vouchers alone.
ALTER TABLE offers ADD COLUMN offline text NOT NULL DEFAULT 'allow'
    CONSTRAINT offers_offline_check CHECK (offline IN ('allow', 'lease', 'online_only'));

-- To whom the rest of a voucher's uses is lent: {device_id, session_id, until}. Not indexed: redeeming stays cheap.
ALTER TABLE vouchers ADD COLUMN lease jsonb;

-- What a door said that judged alone: both sides of a conflict are shown by it.
ALTER TABLE redemptions ADD COLUMN local jsonb;

-- ── What the doors' phones carry: each voucher sealed under its own code (docs/offline.md) ──────────────────────

-- One row an event. Everything up to entry `seq` is sealed; `revision` numbers the seals in the order of their commits.
CREATE TABLE door_books (
    event_id uuid PRIMARY KEY REFERENCES events ON DELETE CASCADE,
    salt bytea NOT NULL,
    iterations integer NOT NULL,
    seq bigint NOT NULL DEFAULT 0,
    revision bigint NOT NULL DEFAULT 0,
    sealed integer NOT NULL DEFAULT 0
);

CREATE TABLE door_seals (
    event_id uuid NOT NULL,
    voucher_id uuid NOT NULL,
    ordinal integer NOT NULL,               -- dense from 0: what burns name the voucher by
    revision bigint NOT NULL,
    derived bytea NOT NULL,                 -- stretched from the code: the index and the key
    record bytea NOT NULL,
    guest_id uuid,                          -- whose name is in it
    CONSTRAINT door_seals_pkey PRIMARY KEY (event_id, voucher_id),
    CONSTRAINT door_seals_revision_key UNIQUE (event_id, revision),
    CONSTRAINT door_seals_ordinal_key UNIQUE (event_id, ordinal)
);
