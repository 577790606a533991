"""Redemptions a second over REST ÷ pgbench: a bare transaction each, with a counter row an event, 64 clients.

What pgbench runs is the least that keeps the promises: look at the key, use the voucher once, number the entry from
the event's counter, write redemption and entry, commit. No HTTP, no tokens, no live publishing.
"""

import re
import subprocess
from collections.abc import Callable

from bench.rows import Form, Row, ratio
from bench.run import CONNECTIONS, MeasurementError
from bench.stage import Stage
from dibs_realtime.local.programs import postgres_program

DATABASE = "pgbench"
VOUCHERS = 400_000
CODES_A_RUN = 30_000
_TABLES = f"""
DROP TABLE IF EXISTS heads, vouchers, redemptions, entries;
CREATE TABLE heads (event_id uuid PRIMARY KEY, seq bigint NOT NULL);
CREATE TABLE vouchers (event_id uuid, code text, uses integer NOT NULL, max_uses integer NOT NULL,
                       PRIMARY KEY (event_id, code));
CREATE TABLE redemptions (event_id uuid, key text, seq bigint NOT NULL, code text NOT NULL, at timestamptz NOT NULL,
                          PRIMARY KEY (event_id, key));
CREATE TABLE entries (event_id uuid, seq bigint, at timestamptz NOT NULL, kind text NOT NULL, data jsonb NOT NULL,
                      PRIMARY KEY (event_id, seq));
INSERT INTO heads VALUES ('00000000-0000-0000-0000-000000000001', 0);
INSERT INTO vouchers SELECT '00000000-0000-0000-0000-000000000001', 'C' || n, 0, 1
  FROM generate_series(0, {VOUCHERS - 1}) n;
VACUUM ANALYZE;
"""
_SCRIPT = """
\\set n :n + 1
\\set code :client_id + 64 * :n + :first
BEGIN;
SELECT seq FROM redemptions WHERE event_id = '00000000-0000-0000-0000-000000000001' AND key = 'key-' || :code;
UPDATE vouchers SET uses = uses + 1 WHERE event_id = '00000000-0000-0000-0000-000000000001' AND code = 'C' || :code
   AND uses < max_uses RETURNING uses, max_uses;
UPDATE heads SET seq = seq + 1 WHERE event_id = '00000000-0000-0000-0000-000000000001' RETURNING seq \\gset
INSERT INTO redemptions VALUES ('00000000-0000-0000-0000-000000000001', 'key-' || :code, :seq, 'C' || :code, now());
INSERT INTO entries VALUES ('00000000-0000-0000-0000-000000000001', :seq, now(), 'voucher.redeemed',
  jsonb_build_object('units', 1, 'uses', 1, 'max_uses', 1, 'code', 'C' || :code));
COMMIT;
"""


def measure(stage: Stage, form: Form, tell: Callable[[str], None]) -> list[Row]:
    """Return the row. Raises MeasurementError or PreparationError."""
    ours: list[float] = []
    theirs: list[float] = []
    stage.servers.postgres.ensure_database(DATABASE)
    script = stage.folder / "redeem.pgbench.sql"
    script.write_text(_SCRIPT)
    _run(stage, "psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", text=_TABLES)
    first = 0
    with stage.node() as server:
        event = stage.event(server.port, CODES_A_RUN * form.rounds)
        for number in range(form.rounds):
            tell(f"pgbench, round {number + 1} of {form.rounds}")
            report = _run(
                stage,
                "pgbench",
                *("--no-vacuum", "--protocol", "prepared", "--client", str(CONNECTIONS), "--jobs", "1"),
                *("--time", str(max(1, round(form.seconds))), "--file", str(script)),
                *("--define", "n=-1", "--define", f"first={first}"),
            )
            found = re.search(r"tps = ([0-9.]+)", report)
            done = re.search(r"number of transactions actually processed: (\d+)", report)
            if found is None or done is None:
                raise MeasurementError(f"pgbench did not tell its rate:\n{report[-1000:]}")
            first += 2 * int(done[1]) + CONNECTIONS  # no client is twice as quick as the others
            theirs.append(float(found[1]))
            ours.append(stage.redeem(server, event, CODES_A_RUN, form.seconds).rate)
    title = f"redemptions over REST ÷ pgbench, a transaction each, {CONNECTIONS} clients"
    return [ratio(title, "/s", 5, ours, theirs, at_least=True)]


def _run(stage: Stage, program: str, *arguments: str, text: str = "") -> str:
    ended = subprocess.run(
        [postgres_program(program), *arguments, stage.servers.postgres.url(DATABASE)],
        input=text,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if ended.returncode != 0:
        raise MeasurementError(f"{program} ended with {ended.returncode}: {ended.stderr[-1000:]}")
    return ended.stdout
