-- The spine: accounts, events and everything on an event's ledger.
-- Every table that belongs to an event is keyed by event_id first, so that it can be distributed by it.
--
-- How the tables are kept, by what happens to their rows:
-- * Only added (ledger, verdicts, redemptions, attempts): full pages. Vacuum comes after 5 % of new rows, not 20 %, so
--   that the visibility map keeps up within a night and freezing is never one long run later.
-- * Changed in place (counters, heads, presence): half-empty pages, so that every change stays a heap-only update on its
--   own page and is pruned there by the next one.
-- * Changed once or twice a row (vouchers): 15 % of a page free, which one redemption of each row needs at most.
-- * None gives free pages back to the disk (vacuum_truncate): that takes an exclusive lock, and doors would wait for it.

-- ── Accounts ────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL,                    -- as typed; compared in lower case
    name text NOT NULL,
    password_hash text,                     -- null until the holder of the set-up link chose one
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_email_key ON users (lower(email));

CREATE TABLE password_links (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

-- One row a signed-in browser, paired device or guest. Every access token belongs to one.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    kind text NOT NULL CONSTRAINT sessions_kind_check CHECK (kind IN ('user', 'device', 'guest')),
    subject_id uuid NOT NULL,               -- the user, device or guest
    event_id uuid,                          -- devices and guests: their event
    user_agent text NOT NULL DEFAULT '',
    refresh_generation integer NOT NULL DEFAULT 0,
    refresh_salt bytea NOT NULL,
    refreshed_at timestamptz,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX sessions_subject_idx ON sessions (subject_id, id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_revoked_idx ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- What every node must hear of within a second: nodes read the newest rows, Redis only makes it quicker.
CREATE TABLE revocations (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    kind text NOT NULL CONSTRAINT revocations_kind_check CHECK (kind IN ('session', 'member')),
    session_id uuid,
    event_id uuid,
    user_id uuid,
    reason text NOT NULL
);
CREATE INDEX revocations_at_idx ON revocations (at);

-- Server processes that take each other's commands. Lost with a crash, which is right: it says who is there now.
CREATE UNLOGGED TABLE nodes (
    id uuid PRIMARY KEY,
    address text NOT NULL,
    seen_at timestamptz NOT NULL
) WITH (fillfactor = 50, vacuum_truncate = off);

-- ── Events and who may work on them ─────────────────────────────────────────────────────────────────────────────

CREATE TABLE events (
    id uuid PRIMARY KEY,
    slug text NOT NULL CONSTRAINT events_slug_key UNIQUE,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    venue text NOT NULL DEFAULT '',
    timezone text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'draft'
        CONSTRAINT events_status_check CHECK (status IN ('draft', 'open', 'closed')),
    guest_access text NOT NULL DEFAULT 'open'
        CONSTRAINT events_guest_access_check CHECK (guest_access IN ('open', 'access_code')),
    access_code text,
    guest_name text NOT NULL DEFAULT 'off'
        CONSTRAINT events_guest_name_check CHECK (guest_name IN ('off', 'optional', 'required')),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT events_times_check CHECK (ends_at > starts_at)
);

CREATE TABLE event_creations (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    key text NOT NULL,
    fingerprint text NOT NULL,
    event_id uuid NOT NULL REFERENCES events ON DELETE CASCADE,
    PRIMARY KEY (user_id, key)
);

CREATE TABLE members (
    event_id uuid NOT NULL REFERENCES events ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role text NOT NULL CONSTRAINT members_role_check CHECK (role IN ('owner', 'manager', 'viewer', 'door')),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (event_id, user_id)
);
CREATE INDEX members_user_idx ON members (user_id, event_id);

CREATE TABLE invitations (
    event_id uuid NOT NULL REFERENCES events ON DELETE CASCADE,
    id uuid NOT NULL,
    token_hash bytea NOT NULL,
    role text NOT NULL CONSTRAINT invitations_role_check CHECK (role IN ('owner', 'manager', 'viewer', 'door')),
    email text,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (event_id, id),
    CONSTRAINT invitations_token_key UNIQUE (event_id, token_hash)
);

-- The tables that the ledger's writer fills carry no foreign key to events: a check for each row would cost more than
-- the row. Their one writer holds the event's head row, which has one; deleting a draft empties them (events/repository).

-- ── The ledger ──────────────────────────────────────────────────────────────────────────────────────────────────

-- One narrow row an event, updated by every batch: its own table keeps those updates within one page.
CREATE TABLE ledger_heads (
    event_id uuid PRIMARY KEY REFERENCES events ON DELETE CASCADE,
    epoch uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL
) WITH (fillfactor = 50, vacuum_truncate = off);

CREATE TABLE ledger (
    event_id uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    actor_type text NOT NULL
        CONSTRAINT ledger_actor_check CHECK (actor_type IN ('user', 'device', 'guest', 'system')),
    actor_id uuid,
    actor_label text NOT NULL,
    offer_id uuid,
    voucher_id uuid,
    gate_id uuid,
    data jsonb NOT NULL,
    PRIMARY KEY (event_id, seq)
) WITH (
    autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, vacuum_truncate = off
);

-- The first answer to every key, refusals too. `scope` keeps the doors' keys apart from each guest's.
CREATE TABLE verdicts (
    event_id uuid NOT NULL,
    scope text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    answer jsonb NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT verdicts_pkey PRIMARY KEY (event_id, scope, key)
) WITH (
    autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, vacuum_truncate = off
);

-- ── What the ledger keeps: the state after its last entry ───────────────────────────────────────────────────────

CREATE TABLE gates (
    event_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    deleted boolean NOT NULL DEFAULT false, -- kept for the redemptions that name it
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (event_id, id)
);

CREATE TABLE gate_counters (
    event_id uuid NOT NULL,
    id uuid NOT NULL,
    redeemed_units bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (event_id, id)
) WITH (fillfactor = 50, vacuum_truncate = off);

-- One row an event; its id is the event's.
CREATE TABLE event_counters (
    event_id uuid NOT NULL,
    id uuid NOT NULL,
    open_conflicts bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (event_id, id)
) WITH (fillfactor = 50, vacuum_truncate = off);

-- How the status of the event and of its offers changed: doors that judged alone are judged by what stood then.
CREATE TABLE status_changes (
    event_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    status text NOT NULL,
    PRIMARY KEY (event_id, subject_id, seq)
);

CREATE TABLE offers (
    event_id uuid NOT NULL,
    id uuid NOT NULL,
    title text NOT NULL,
    description text NOT NULL DEFAULT '',
    quantity integer CONSTRAINT offers_quantity_check CHECK (quantity >= 0),
    claimable boolean NOT NULL,
    per_guest_limit integer CONSTRAINT offers_per_guest_limit_check CHECK (per_guest_limit >= 1),
    max_uses integer NOT NULL CONSTRAINT offers_max_uses_check CHECK (max_uses >= 1),
    claim_from timestamptz,
    claim_until timestamptz,
    redeem_from timestamptz,
    redeem_until timestamptz,
    gate_ids uuid[] NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'active' CONSTRAINT offers_status_check CHECK (status IN ('active', 'paused')),
    deleted boolean NOT NULL DEFAULT false,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (event_id, id)
);

CREATE TABLE offer_counters (
    event_id uuid NOT NULL,
    id uuid NOT NULL,
    issued bigint NOT NULL DEFAULT 0,
    claimed bigint NOT NULL DEFAULT 0,
    redeemed_units bigint NOT NULL DEFAULT 0,
    voided bigint NOT NULL DEFAULT 0,
    released bigint NOT NULL DEFAULT 0,
    unclaimed bigint NOT NULL DEFAULT 0,
    places bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (event_id, id),
    CONSTRAINT offer_counters_sane_check
        CHECK (least(issued, claimed, redeemed_units, voided, released, unclaimed, places) >= 0)
) WITH (fillfactor = 50, vacuum_truncate = off);

CREATE TABLE devices (
    event_id uuid NOT NULL,
    id uuid NOT NULL,
    label text NOT NULL,
    gate_id uuid,
    gate_locked boolean NOT NULL DEFAULT false,
    can_search boolean NOT NULL DEFAULT false,
    status text NOT NULL DEFAULT 'new' CONSTRAINT devices_status_check CHECK (status IN ('new', 'paired', 'revoked')),
    session_id uuid,
    first_paired_at timestamptz,
    paired_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (event_id, id)
);

-- Found by the code alone, therefore not keyed by event.
CREATE TABLE pairings (
    code_hash bytea PRIMARY KEY,
    event_id uuid NOT NULL REFERENCES events ON DELETE CASCADE,
    device_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    nonce_hash bytea,
    session_id uuid
);
CREATE INDEX pairings_device_idx ON pairings (event_id, device_id);

-- A connection of a device to some node. Lost with a crash, which is right: it says who is there now.
CREATE UNLOGGED TABLE device_presence (
    event_id uuid NOT NULL,
    device_id uuid NOT NULL,
    connection_id text NOT NULL,
    node_id uuid NOT NULL,
    seen_at timestamptz NOT NULL,
    online boolean NOT NULL,
    PRIMARY KEY (event_id, device_id, connection_id)
) WITH (fillfactor = 50, vacuum_truncate = off);

CREATE TABLE guests (
    event_id uuid NOT NULL REFERENCES events ON DELETE CASCADE,
    id uuid NOT NULL,
    name text,
    email text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (event_id, id)
);

CREATE TABLE guest_links (
    event_id uuid NOT NULL REFERENCES events ON DELETE CASCADE,
    token_hash bytea NOT NULL,
    guest_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (event_id, token_hash)
);

-- Codes made together. Rows of a batch count only once its entry is on the ledger (seq is set): so 100,000 codes can be
-- written outside the ledger's writer and still appear at one point of the history.
CREATE TABLE voucher_batches (
    event_id uuid NOT NULL,
    id uuid NOT NULL,
    seq bigint,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (event_id, id)
);

CREATE INDEX voucher_batches_leftover_idx ON voucher_batches (created_at) WHERE seq IS NULL;

CREATE TABLE vouchers (
    event_id uuid NOT NULL,
    id uuid NOT NULL,
    code text NOT NULL,
    offer_id uuid NOT NULL,
    batch_id uuid,                          -- null: made by a claim
    state text NOT NULL CONSTRAINT vouchers_state_check
        CHECK (state IN ('issued', 'claimed', 'redeemed', 'released', 'voided')),
    uses integer NOT NULL DEFAULT 0,
    max_uses integer NOT NULL,
    guest_id uuid,
    generated boolean NOT NULL,
    poolable boolean NOT NULL,              -- nobody's yet: a claim may take it (if also unused)
    holds_place boolean NOT NULL DEFAULT true,
    last_redemption_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT vouchers_pkey PRIMARY KEY (event_id, id),
    CONSTRAINT vouchers_code_key UNIQUE (event_id, code),
    CONSTRAINT vouchers_uses_check CHECK (uses BETWEEN 0 AND max_uses)
) WITH (
    fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05, vacuum_truncate = off
);
-- Redeeming changes no indexed column, so that it stays a heap-only update.
CREATE INDEX vouchers_pool_idx ON vouchers (event_id, offer_id, id) WHERE poolable;
CREATE INDEX vouchers_offer_idx ON vouchers (event_id, offer_id, id);
CREATE INDEX vouchers_guest_idx ON vouchers (event_id, guest_id) WHERE guest_id IS NOT NULL;
CREATE INDEX vouchers_generated_code_idx ON vouchers (code) WHERE generated;
CREATE INDEX vouchers_batch_idx ON vouchers (event_id, batch_id) WHERE batch_id IS NOT NULL;

-- Why a voucher was ended, in somebody's words, which may name somebody.
CREATE TABLE voucher_voids (
    event_id uuid NOT NULL,
    id uuid NOT NULL,                       -- the voucher's
    reason text NOT NULL,
    at timestamptz NOT NULL,
    actor_id uuid,
    PRIMARY KEY (event_id, id)
);

CREATE TABLE redemptions (
    event_id uuid NOT NULL,
    id uuid NOT NULL,
    seq bigint NOT NULL,
    voucher_id uuid NOT NULL,
    offer_id uuid NOT NULL,
    gate_id uuid,
    device_id uuid,
    actor_type text NOT NULL,
    actor_id uuid NOT NULL,
    units integer NOT NULL CONSTRAINT redemptions_units_check CHECK (units >= 1),
    redeemed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    offline boolean NOT NULL,
    reversed_at timestamptz,
    CONSTRAINT redemptions_pkey PRIMARY KEY (event_id, id)
) WITH (
    fillfactor = 95, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05,
    vacuum_truncate = off
);
CREATE INDEX redemptions_voucher_idx ON redemptions (event_id, voucher_id);

CREATE TABLE attempts (
    event_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    reason text NOT NULL,
    voucher_id uuid,
    offer_id uuid,
    gate_id uuid,
    device_id uuid,
    actor_type text NOT NULL,
    actor_id uuid NOT NULL,
    actor_label text NOT NULL,
    units integer NOT NULL,
    offline boolean NOT NULL,
    local jsonb,
    CONSTRAINT attempts_pkey PRIMARY KEY (event_id, id)
) WITH (
    autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, vacuum_truncate = off
);

CREATE TABLE conflicts (
    event_id uuid NOT NULL,
    id uuid NOT NULL,
    key text NOT NULL,
    reason text NOT NULL,
    voucher_id uuid,
    sides jsonb NOT NULL,
    opened_at timestamptz NOT NULL,
    resolved_at timestamptz,
    resolution jsonb,
    CONSTRAINT conflicts_pkey PRIMARY KEY (event_id, id),
    CONSTRAINT conflicts_key_key UNIQUE (event_id, key)
);

-- Claims and redemptions per minute, offer and gate: the dashboard's chart without counting the ledger again.
CREATE TABLE minute_counters (
    event_id uuid NOT NULL,
    minute timestamptz NOT NULL,
    offer_id uuid NOT NULL,
    gate_id uuid NOT NULL,                  -- all zeros: no gate
    claimed bigint NOT NULL DEFAULT 0,
    redeemed_units bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (event_id, minute, offer_id, gate_id)
) WITH (fillfactor = 70, vacuum_truncate = off);
