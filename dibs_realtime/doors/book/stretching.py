"""The process that stretches and seals: beside the server and below everybody else's priority.

It reads a line of JSON for each request, `{"salt", "iterations", "items": [[code or null, derived or null, ordinal,
content], …]}`, and answers `[[derived, record], …]`; bytes are written in hexadecimal.
"""

import contextlib
import json
import os
import sys
import time

from dibs_realtime.doors.book.model import derive, seal

UNDISTURBED = 0.9
"""The least share of a request's time that this process was at work when nobody else wanted its processor."""
PAUSE = 9.0
"""How long it pauses when somebody did, in times of the work that the request was: about a second. The lowest priority
does not do: Linux shares processors out among sessions and services first, and the database is another one."""


def answer(line: str) -> str:
    """Answer one request."""
    request = json.loads(line)
    salt, iterations = bytes.fromhex(request["salt"]), request["iterations"]
    found = []
    for code, known, ordinal, content in request["items"]:
        derived = bytes.fromhex(known) if known is not None else derive(code, salt, iterations)
        found.append([derived.hex(), seal(derived, ordinal, bytes.fromhex(content)).hex()])
    return json.dumps(found)


def pause_after(took: float, worked: float) -> float:
    """Return how long to leave the machine to others after a request.

    It took `took` seconds, `worked` of them at work. It waits for nothing but a processor, so the difference is what
    others needed.
    """
    return 0.0 if worked >= took * UNDISTURBED else worked * PAUSE


def _step_back() -> None:
    """Take only what nobody else wants, as far as this system knows such a thing."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(19)
    with contextlib.suppress(OSError, AttributeError):
        # Linux lets a process of whatever priority finish its slice of some milliseconds before one that wakes up. One
        # of this policy makes room at once: a door's scan is answered within that time.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def main() -> None:
    """Answer until nobody asks any more."""
    # A Ctrl-C in the terminal is the server's, which ends this process in order. Not a session of its own: Linux shares
    # processors out among sessions first, and a low priority would count for nothing there.
    os.setpgid(0, 0)
    _step_back()
    for line in sys.stdin:
        began, worked = time.monotonic(), -time.process_time()
        answered = answer(line)
        took, worked = time.monotonic() - began, worked + time.process_time()
        sys.stdout.write(answered + "\n")
        sys.stdout.flush()
        time.sleep(pause_after(took, worked))  # a process of its own: meanwhile the next request waits in the pipe


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
