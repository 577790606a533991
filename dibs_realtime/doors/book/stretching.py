"""The process that stretches and seals: beside the server and below everybody else's priority.

It reads a line of JSON for each request, `{"salt", "iterations", "items": [[code or null, derived or null, ordinal,
content], …]}`, and answers `[[derived, record], …]`; bytes are written in hexadecimal.
"""

import contextlib
import json
import os
import sys

from dibs_realtime.doors.book.model import derive, seal


def answer(line: str) -> str:
    """Answer one request."""
    request = json.loads(line)
    salt, iterations = bytes.fromhex(request["salt"]), request["iterations"]
    found = []
    for code, known, ordinal, content in request["items"]:
        derived = bytes.fromhex(known) if known is not None else derive(code, salt, iterations)
        found.append([derived.hex(), seal(derived, ordinal, bytes.fromhex(content)).hex()])
    return json.dumps(found)


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
        sys.stdout.write(answer(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
