"""The first two rows: redemptions over REST on one hot event ÷ the original stack, and ÷ a constant answer."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict

import asyncpg

from bench import targets
from bench.figures import summary
from bench.rows import Form, Row, ratio
from bench.run import Measurement, measure as measure_target
from bench.stage import Stage
from bench.usage import sealing_held
from dibs_realtime.processes.child import pause

VOUCHERS = 100_000
CODES_A_ROUND = 33_000
CONSTANT_CODES = 150_000
SETTLE_SECONDS = 0.5


def measure(stage: Stage, form: Form, tell: Callable[[str], None]) -> list[Row]:
    """Return the rows. Raises MeasurementError, PreparationError or ServerError."""
    # The event has so many vouchers at least, and codes for all rounds.
    vouchers = VOUCHERS * -(-CODES_A_ROUND * form.rounds // VOUCHERS)
    assert stage.servers.redis.pid is not None
    processes = {**stage.processes, "redis": stage.servers.redis.pid}
    rounds: list[dict[str, Measurement]] = []
    tell("preparing the original stack")
    with (
        targets.original(stage.servers, stage.folder, VOUCHERS) as original,
        targets.original(
            stage.servers, stage.folder, VOUCHERS, database=targets.BY_HAND_DATABASE, by_hand=True
        ) as by_hand,
        targets.ours(stage.servers, stage.folder, vouchers) as (ours, _),
        targets.constant(stage.servers, stage.folder, CONSTANT_CODES) as constant,
    ):
        asyncio.run(_settle(stage))
        with sealing_held():
            for number in range(form.rounds):
                done: dict[str, Measurement] = {}
                for target in (original, by_hand, ours, constant):
                    tell(f"{target.name}, round {number + 1} of {form.rounds}")
                    codes = CONSTANT_CODES if target is constant else CODES_A_ROUND
                    done[target.name] = measure_target(target, processes, form.seconds, codes)
                    pause(SETTLE_SECONDS)
                rounds.append(done)
    rates = {name: [each[name].load.rate for each in rounds] for name in rounds[0]}
    more = {
        "targets": {name: summary([each[name] for each in rounds]) for name in rounds[0]},
        "rounds": [{name: asdict(measurement) for name, measurement in each.items()} for each in rounds],
    }
    title = "redemptions over REST, one process ÷ "
    return [
        ratio(f"{title}the original stack", "/s", 12, rates["ours"], rates["original"], at_least=True, **more),
        ratio(f"{title}a constant answer", "/s", 0.5, rates["ours"], rates["constant"], at_least=True),
    ]


async def _settle(stage: Stage) -> None:
    """Tidy up after the preparation, as PostgreSQL itself does in the hours before the doors open."""
    originals = (targets.ORIGINAL_DATABASE, targets.BY_HAND_DATABASE)
    for url in (*map(stage.servers.postgres.url, originals), stage.servers.database_url):
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("VACUUM ANALYZE")
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()
