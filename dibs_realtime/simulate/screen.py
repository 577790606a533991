"""The terminal while a simulation runs: a bar, and Ctrl-C that ends it in order."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

Tick = Callable[[str], bool]
"""Shows how things stand; returns whether there is time left."""


@contextmanager
def clock(console: Console, seconds: float) -> Iterator[Tick]:
    """Show a bar that is full after `seconds`."""
    columns = (BarColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as progress:
        task, began = progress.add_task("", total=seconds), time.monotonic()

        def tick(text: str) -> bool:
            gone = time.monotonic() - began
            progress.update(task, completed=min(gone, seconds), description=text)
            return gone < seconds

        yield tick


@contextmanager
def stoppable() -> Iterator[asyncio.Event]:
    """Give an event that SIGINT and SIGTERM set, instead of what they do elsewhere."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
