"""A busy event: guests who claim as fast as the ledger takes it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from .node import Node
from .party import Party


@asynccontextmanager
async def busy(party: Party, nodes: Sequence[Node], guests: int = 4) -> AsyncIterator[None]:
    """Keep the event busy on all the nodes while the block runs."""
    tokens = [await party.guest() for _ in range(guests)]

    over = asyncio.Event()

    async def keep_claiming(token: str, node: Node) -> None:
        while not over.is_set():
            await party.claim(token, node, patiently=True)

    tasks = [asyncio.create_task(keep_claiming(token, nodes[n % len(nodes)])) for n, token in enumerate(tokens)]
    try:
        yield
    finally:
        over.set()
        await asyncio.gather(*tasks)
