"""Random nights: many callers, two nodes, one observer; in the end observer, ledger and tables agree."""

import asyncio
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from hypothesis.strategies import booleans, integers, lists, sampled_from

from dibs_realtime.events.commands import SetEventStatus
from dibs_realtime.kit import problems
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.offers.commands import UpdateOffer
from dibs_realtime.simulate.reducer import apply
from dibs_realtime.vouchers.commands import VoidVoucher
from tests.ledger.night import Night

GUESTS = [new_id() for _ in range(4)]


def machine(url: str) -> type[RuleBasedStateMachine]:
    """Return the state machine on the database at `url`."""

    class NightMachine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.runner = asyncio.Runner()
            self.database = Database(url, readers=2, writers=2)
            self.run(self.database.open())
            self.codes: list[str] = []
            self.redemptions: list[UUID] = []
            self.vouchers: list[tuple[UUID, UUID]] = []

        def run(self, coroutine: Any) -> Any:
            return self.runner.run(coroutine)

        def together(self, coroutines: list[Any]) -> list[Any]:
            async def all_at_once() -> list[Any]:
                return await asyncio.gather(*coroutines, return_exceptions=True)

            results: list[Any] = self.run(all_at_once())
            for result in results:
                if isinstance(result, BaseException) and not isinstance(result, problems.Problem):
                    raise result
            return results

        def teardown(self) -> None:
            self.run(self.database.close())
            self.runner.close()

        @initialize(uses=integers(1, 3), quantity=sampled_from([None, 2, 5]), limit=sampled_from([None, 1, 2]))
        def begin(self, uses: int, quantity: int | None, limit: int | None) -> None:
            self.night = self.run(Night(self.database, nodes=2).begin())
            self.paper = self.run(self.night.offer(max_uses=uses))
            self.flash = self.run(
                self.night.offer(title="Flash", claimable=True, quantity=quantity, per_guest_limit=limit)
            )
            self.gate_id = self.run(self.night.gate())
            self.door = self.run(self.night.device("Phone", self.gate_id))
            self.watched = self.run(self.night.snapshot())

        @rule(count=integers(1, 4), claimable=booleans())
        def issue(self, count: int, claimable: bool) -> None:
            offer = self.flash if claimable else self.paper
            [issued] = self.together([self.night.issue(offer, count)])
            if isinstance(issued, problems.Problem):
                assert issued.slug == "over_quantity"
            else:
                self.codes += issued

        @rule(picks=lists(integers(0, 30), min_size=1, max_size=6), units=integers(1, 2), by_device=booleans())
        def redeem(self, picks: list[int], units: int, by_device: bool) -> None:
            if self.codes:
                actor = self.door if by_device else self.night.door
                scans = [
                    self.night.redeem(self.codes[pick % len(self.codes)], units=units, actor=actor) for pick in picks
                ]
                self.redemptions += [r["redemption_id"] for r in self.together(scans) if r["redemption_id"]]

        @rule(picks=lists(sampled_from(GUESTS), min_size=1, max_size=6))
        def claim(self, picks: list[UUID]) -> None:
            verdicts = self.together([self.night.claim(self.flash.id, guest_id) for guest_id in picks])
            for guest_id, verdict in zip(picks, verdicts, strict=True):
                if verdict["voucher"]:
                    self.vouchers.append((guest_id, verdict["voucher"]["id"]))
                    self.codes.append(verdict["voucher"]["code"])

        # What is drawn never depends on who won a race: the same draws must mean the same in every run.
        @rule(pick=integers(0, 30), wanted=lists(sampled_from(["release", "void"]), min_size=1, max_size=3))
        def release_and_void(self, pick: int, wanted: list[str]) -> None:
            if self.vouchers:
                guest_id, voucher_id = self.vouchers[pick % len(self.vouchers)]
                void = VoidVoucher(self.night.event_id, self.night.owner, voucher_id, "machine")
                self.together(
                    [
                        self.night.release(guest_id, voucher_id) if w == "release" else self.night.submit(void)
                        for w in wanted
                    ]
                )

        @rule(picks=lists(integers(0, 30), min_size=1, max_size=3))
        def reverse(self, picks: list[int]) -> None:
            if self.redemptions:
                chosen = [self.redemptions[pick % len(self.redemptions)] for pick in picks]
                self.together([self.night.reverse(redemption_id) for redemption_id in chosen])

        @rule(status=sampled_from(["open", "closed"]))
        def open_or_close(self, status: Any) -> None:
            self.run(self.night.submit(SetEventStatus(self.night.event_id, self.night.owner, status, None)))

        @rule(status=sampled_from(["active", "paused"]), quantity=sampled_from([None, 0, 3, 8]))
        def change_offer(self, status: str, quantity: int | None) -> None:
            changes = {"status": status, "quantity": quantity}
            self.run(
                self.night.submit(UpdateOffer(self.night.event_id, self.night.owner, self.flash.id, changes, None))
            )

        @invariant()
        def everything_agrees(self) -> None:
            if not hasattr(self, "watched"):
                return
            before = self.watched["seq"]
            entries = self.run(self.night.entries(before))
            assert [entry["seq"] for entry in entries] == list(range(before + 1, before + 1 + len(entries)))
            self.watched = apply(self.watched, entries)
            assert self.watched == self.run(self.night.snapshot())
            counted = self.run(self.night.recount())
            for offer in self.watched["offers"]:
                for name, real in counted[offer["id"]].items():
                    assert offer["redeemed_units" if name == "uses" else name] == real, (offer["title"], name)

    return NightMachine


def test_any_night_obeys_the_law(database_url: str):
    run_state_machine_as_test(
        machine(database_url),
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
