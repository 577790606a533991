"""Redemptions a second with two server processes ÷ the original stack with two of its own."""

from collections.abc import Callable

from bench import targets
from bench.load import Plan
from bench.rows import Form, Row, ratio
from bench.run import CONNECTIONS, load
from bench.stage import WARM_SECONDS, Stage
from bench.usage import sealing_held

PROCESSES = 2
VOUCHERS = 100_000
CODES_A_RUN = 30_000
DATABASE = "original_two"


def measure(stage: Stage, form: Form, tell: Callable[[str], None]) -> list[Row]:
    """Return the row. Raises MeasurementError or PreparationError."""
    ours: list[float] = []
    theirs: list[float] = []
    with (
        targets.original(stage.servers, stage.folder, VOUCHERS, processes=PROCESSES, database=DATABASE) as original,
        stage.node(PROCESSES) as server,
    ):
        event = stage.event(server.port, CODES_A_RUN * form.rounds)
        with sealing_held():
            for number in range(form.rounds):
                tell(f"two processes, round {number + 1} of {form.rounds}")
                plan = Plan(
                    port=original.server.port,
                    path=original.path,
                    token=original.token,
                    codes=original.codes.next(VOUCHERS // form.rounds),
                    connections=CONNECTIONS,
                    warm_seconds=WARM_SECONDS,
                    seconds=form.seconds,
                    processes={"server": original.server.pid},
                )
                (result,) = load([plan])
                original.codes.spend(result.answered)
                theirs.append(result.rate)
                ours.append(stage.redeem(server, event, CODES_A_RUN, form.seconds).rate)
    return [ratio("redemptions ÷ the original stack, two processes each", "/s", 8, ours, theirs, at_least=True)]
