"""Redemptions a second over REST ÷ pgbench: the same redemption in a transaction of its own, 64 clients.

What pgbench runs does in the product's own tables what a redemption of the product does: look at the key, use the
voucher once, number the entry from the event's counter row, move the figures, keep redemption, entry and verdict,
commit; a statement a table, as ordinary clients send them. No HTTP, no tokens, no live publishing.
"""

import re
import subprocess
from collections.abc import Callable

from bench.rows import Form, Row, ratio
from bench.run import CONNECTIONS, MeasurementError
from bench.stage import Stage
from bench.usage import sealing_held
from dibs_realtime.local.programs import postgres_program

DATABASE = "pgbench"
VOUCHERS = 400_000
CODES_A_RUN = 30_000
_EVENT = "'00000000-0000-0000-0000-000000000001'::uuid"
_OFFER = "'00000000-0000-0000-0000-000000000002'::uuid"
_DEVICE = "'00000000-0000-0000-0000-000000000003'::uuid"
_PREPARATION = (
    f"""INSERT INTO events (id, slug, name, timezone, starts_at, ends_at, status, created_at, updated_at)
        VALUES ({_EVENT}, 'hot', 'Bench', 'Europe/Vilnius', now(), now() + interval '12 hours', 'open',
                now(), now())""",
    f"INSERT INTO ledger_heads VALUES ({_EVENT}, gen_random_uuid(), 0, now())",
    f"""INSERT INTO offers (event_id, id, title, claimable, max_uses, created_at, updated_at)
        VALUES ({_EVENT}, {_OFFER}, '1 free drink', false, 1, now(), now())""",
    f"INSERT INTO offer_counters (event_id, id, issued) VALUES ({_EVENT}, {_OFFER}, {VOUCHERS})",
    f"""INSERT INTO vouchers
               (event_id, id, code, offer_id, state, max_uses, generated, poolable, created_at, updated_at)
        SELECT {_EVENT}, uuidv7(), 'C' || lpad(n::text, 9, '0'), {_OFFER}, 'issued', 1, true, false, now(), now()
          FROM generate_series(0, {VOUCHERS - 1}) n""",
    "VACUUM ANALYZE",
)  # constants
_SCRIPT = f"""
\\set n :n + 1
\\set number :client_id + {CONNECTIONS} * :n + :first
BEGIN;
SELECT fingerprint, answer FROM verdicts
 WHERE event_id = {_EVENT} AND scope = 'door' AND key = 'bench-' || lpad(:number::text, 10, '0');
UPDATE vouchers SET uses = uses + 1, state = 'redeemed', last_redemption_id = uuidv7(), updated_at = now()
 WHERE event_id = {_EVENT} AND code = 'C' || lpad(:number::text, 9, '0') AND uses < max_uses
 RETURNING id AS voucher, last_redemption_id AS redemption \\gset
UPDATE ledger_heads SET seq = seq + 1, at = now() WHERE event_id = {_EVENT} RETURNING seq \\gset
UPDATE offer_counters SET redeemed_units = redeemed_units + 1 WHERE event_id = {_EVENT} AND id = {_OFFER};
INSERT INTO minute_counters AS m VALUES
  ({_EVENT}, date_trunc('minute', now()), {_OFFER}, '00000000-0000-0000-0000-000000000000', 0, 1)
  ON CONFLICT (event_id, minute, offer_id, gate_id) DO UPDATE SET redeemed_units = m.redeemed_units + 1;
INSERT INTO redemptions VALUES ({_EVENT}, :redemption::uuid, :seq, :voucher::uuid, {_OFFER}, NULL, {_DEVICE}, 'device',
  {_DEVICE}, 1, now(), now(), false, NULL);
INSERT INTO ledger VALUES ({_EVENT}, :seq, now(), 'voucher.redeemed', 'device', {_DEVICE}, 'Door 1', {_OFFER},
  :voucher::uuid, NULL, jsonb_build_object('redemption_id', :redemption::uuid, 'units', 1, 'uses', 1, 'max_uses', 1,
  'redeemed_at', now(), 'offline', false, 'counts', jsonb_build_object('redeemed_units', 1)));
INSERT INTO verdicts VALUES ({_EVENT}, 'door', 'bench-' || lpad(:number::text, 10, '0'),
  'cb2e1a40f7d9b86c3d15a2907e64f8b1:1', jsonb_build_object('reason', NULL, 'redemption_id', :redemption::uuid,
  'seq', :seq::bigint, 'redeemed_at', now(), 'voucher_id', :voucher::uuid, 'voucher', jsonb_build_object('state',
  'redeemed', 'uses', 1, 'max_uses', 1, 'remaining', 0), 'previous', NULL, 'conflict_id', NULL, 'leased_until', NULL,
  'actor_id', {_DEVICE}, 'gate', NULL, 'device', 'Door 1'), now());
COMMIT;
"""

_KEPT = """
SELECT ARRAY[(SELECT seq FROM ledger_heads), (SELECT redeemed_units FROM offer_counters),
             (SELECT sum(redeemed_units) FROM minute_counters), (SELECT sum(uses) FROM vouchers),
             (SELECT count(*) FROM redemptions), (SELECT count(*) FROM ledger), (SELECT count(*) FROM verdicts)]::int[]
"""


def measure(stage: Stage, form: Form, tell: Callable[[str], None]) -> list[Row]:
    """Return the row. Raises MeasurementError or PreparationError."""
    ours: list[float] = []
    theirs: list[float] = []
    bare = Stage(stage.servers, stage.folder, DATABASE)
    bare.begin()
    bare.sql(*_PREPARATION)
    script = stage.folder / "redeem.pgbench.sql"
    script.write_text(_SCRIPT)
    first = redeemed = 0
    with stage.node() as server:
        event = stage.event(server.port, CODES_A_RUN * form.rounds)
        with sealing_held():
            for number in range(form.rounds):
                tell(f"pgbench, round {number + 1} of {form.rounds}")
                report = _run(
                    bare,
                    *("--no-vacuum", "--protocol", "prepared", "--client", str(CONNECTIONS), "--jobs", "1"),
                    *("--time", str(max(1, round(form.seconds))), "--file", str(script)),
                    *("--define", "n=-1", "--define", f"first={first}"),
                )
                found = re.search(r"tps = ([0-9.]+)", report)
                done = re.search(r"number of transactions actually processed: (\d+)", report)
                if found is None or done is None:
                    raise MeasurementError(f"pgbench did not tell its rate:\n{report[-1000:]}")
                redeemed += int(done[1])
                first += 2 * int(done[1]) + CONNECTIONS  # no client is twice as quick as the others
                theirs.append(float(found[1]))
                ours.append(stage.redeem(server, event, CODES_A_RUN, form.seconds).rate)
    kept = bare.value(_KEPT)
    if set(kept) != {redeemed}:
        raise MeasurementError(f"pgbench told of {redeemed} redemptions, its database has {kept}.")
    title = f"redemptions over REST ÷ pgbench, a transaction each, {CONNECTIONS} clients"
    return [ratio(title, "/s", 5, ours, theirs, at_least=True)]


def _run(stage: Stage, *arguments: str) -> str:
    ended = subprocess.run(
        [postgres_program("pgbench"), *arguments, stage.url],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if ended.returncode != 0:
        raise MeasurementError(f"pgbench ended with {ended.returncode}: {ended.stderr[-1000:]}")
    return ended.stdout
