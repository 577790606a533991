"""Vouchers as people carry them: a code, on a screen or on paper, and how it comes to be scanned or typed."""

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dibs_realtime.simulate.reducer import Row

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One code of one offer. `voucher_id`: of one in a wallet; not `genuine`: there is no such code."""

    code: str
    offer: Row
    voucher_id: str | None = None
    genuine: bool = True

    @property
    def max_uses(self) -> int:
        """How often it may be used."""
        return int(self.offer.get("max_uses", 1))

    @property
    def gate_ids(self) -> list[str]:
        """The gates it is for; empty: all."""
        return list(self.offer.get("gate_ids") or ())


class Stock:
    """Codes that were handed out on paper: each is taken by one guest."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[Row, deque[str]]] = {}

    def add(self, offer: Row, codes: Iterable[str]) -> None:
        """Put codes of an offer in."""
        self._left.setdefault(offer["id"], (offer, deque()))[1].extend(codes)

    def count(self, offer_id: str) -> int:
        """Return how many of an offer are left."""
        return len(self._left[offer_id][1]) if offer_id in self._left else 0

    def take(self, rng: random.Random) -> Ticket | None:
        """Take one out, the more likely of an offer the more of it is left; None: nothing is left."""
        stacks = [stack for stack in self._left.values() if stack[1]]
        if not stacks:
            return None
        offer, codes = rng.choices(stacks, weights=[len(codes) for _, codes in stacks])[0]
        return Ticket(codes.popleft(), offer)


def as_scanned(code: str, base_url: str, rng: random.Random) -> str:
    """Return the code as a door gets it: mostly out of a QR, sometimes typed by somebody in a hurry."""
    if rng.random() < 0.75:  # noqa: PLR2004  # most have it on a screen
        return f"{base_url}/v/{code}".upper()
    typed = f"{code[:5]}-{code[5:]}" if len(code) > 5 and rng.random() < 0.5 else code  # noqa: PLR2004  # a matter of taste
    return typed.lower() if rng.random() < 0.5 else typed  # noqa: PLR2004  # likewise


def mistyped(ticket: Ticket, rng: random.Random) -> Ticket:
    """Return the ticket with one wrong character in its code."""
    place = rng.randrange(len(ticket.code))
    wrong = rng.choice([letter for letter in ALPHABET if letter != ticket.code[place]])
    return replace(ticket, code=ticket.code[:place] + wrong + ticket.code[place + 1 :], genuine=False)
