"""`python -m bench.original PORT [PROCESSES]`: the original stack on loopback."""

import sys

import uvicorn

PROCESSES_AT = 2


def main() -> None:
    uvicorn.run(
        "bench.original.app:create_app",
        factory=True,
        workers=int(sys.argv[2]) if len(sys.argv) > PROCESSES_AT else 1,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
