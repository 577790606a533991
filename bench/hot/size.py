"""What a redemption costs (CPU of the node and of PostgreSQL) in an event that is large ÷ in one that is small."""

from collections.abc import Callable

from bench.rows import Form, Row, ratio
from bench.stage import Event, Stage, cost

SMALL = 1_000
CODES_A_RUN = 20_000
SMALL_EVENTS = 12
SMALL_WARM_SECONDS = 0.05


def measure(stage: Stage, form: Form, tell: Callable[[str], None]) -> list[Row]:
    """Return the row. The quick form has a tenth of the rows. Raises MeasurementError or PreparationError."""
    vouchers, entries = (1_000_000, 5_000_000) if form.is_full else (100_000, 500_000)
    ours: list[float] = []
    theirs: list[float] = []
    with stage.node() as server:
        tell(f"an event of {vouchers:,} vouchers and {entries:,} entries")
        large = stage.event(server.port, CODES_A_RUN * form.rounds)
        _grow(stage, large, vouchers, entries)
        # Whatever is cold in the node when it has just started is none of either's.
        stage.redeem(server, stage.event(server.port, CODES_A_RUN), CODES_A_RUN, form.seconds)
        for number in range(form.rounds):
            tell(f"large events and small ones, round {number + 1} of {form.rounds}")
            # Small ones are used up within a quarter of a second, so many take turns. Nothing is cold but the event
            # itself: statements and connections are the node's.
            small = [stage.event(server.port, SMALL) for _ in range(SMALL_EVENTS)]
            runs = [stage.redeem(server, event, SMALL, form.seconds, SMALL_WARM_SECONDS) for event in small]
            spent = sum(run.cpu["server"] + run.cpu["postgres"] for run in runs)
            theirs.append(spent / sum(run.accepted for run in runs) * 1e6)
            ours.append(cost(stage.redeem(server, large, CODES_A_RUN, form.seconds)))
    title = f"cost of a redemption at {vouchers:,} vouchers and {entries:,} entries ÷ at {SMALL:,}"
    return [ratio(title, "µs", 1.15, ours, theirs)]


def _grow(stage: Stage, event: Event, vouchers: int, entries: int) -> None:
    """Fill the event's tables up: used vouchers of somebody else's codes, and the entries that a long night leaves."""
    where = f"'{event.id}'::uuid"
    stage.sql(
        f"""INSERT INTO vouchers (event_id, id, code, offer_id, state, uses, max_uses, generated, poolable, holds_place,
                                  created_at, updated_at)
            SELECT {where}, gen_random_uuid(), 'FILL' || lpad(n::text, 10, '0'), '{event.offer_id}', 'redeemed', 1, 1,
                   false, false, true, now(), now()
              FROM generate_series(1, {vouchers}) n""",
        f"""INSERT INTO ledger (event_id, seq, at, kind, actor_type, actor_id, actor_label, offer_id, voucher_id, data)
            SELECT {where}, h.seq + n, now(), 'voucher.redeemed', 'device', gen_random_uuid(), 'Door 1',
                   '{event.offer_id}', gen_random_uuid(), '{{"units": 1, "uses": 1, "max_uses": 1, "offline": false}}'
              FROM ledger_heads h, generate_series(1, {entries}) n WHERE h.event_id = {where}""",
        f"UPDATE ledger_heads SET seq = seq + {entries}, at = now() WHERE event_id = {where}",
        "VACUUM ANALYZE",
        "CHECKPOINT",
    )
