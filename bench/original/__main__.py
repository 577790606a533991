"""`python -m bench.original PORT [PROCESSES]`: the original stack on loopback."""

import importlib.util
import sys
from typing import Literal

import uvicorn

Parser = Literal["httptools", "h11"]
PROCESSES_AT = 2


def parser() -> Parser:
    """Return the quickest HTTP parser that is installed."""
    return "httptools" if importlib.util.find_spec("httptools") else "h11"


def main() -> None:
    uvicorn.run(
        "bench.original.app:create_app",
        factory=True,
        workers=int(sys.argv[2]) if len(sys.argv) > PROCESSES_AT else 1,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http=parser(),
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
