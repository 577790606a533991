"""Ctrl-C, SIGTERM and a closed terminal: the first one stops us, cleanly; later ones change nothing."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop(KeyboardInterrupt):
    """Somebody asked us to stop. Raised in the main thread, wherever it is."""


@contextmanager
def stop_signals() -> Iterator[None]:
    """Turn the first signal to stop into Stop, and end the block quietly when it arrives there.

    Signals that come while the block cleans up are ignored: each step of a clean stop has its time limit.
    """
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        for each in numbers:
            signal.signal(each, _ignore)
        raise Stop

    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    except Stop:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore(number: int, frame: FrameType | None) -> None:
    # A function, not SIG_IGN: that one would be handed down to child processes.
    del number, frame
