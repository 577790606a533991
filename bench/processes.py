"""Server processes: started on a free port of loopback, waited for, stopped."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 30.0
STOP_SECONDS = 15.0


class ServerError(Exception):
    """A server did not start, or ended before its time; the text holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    pid: int


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def serving(
    arguments: Sequence[str], port: int, environment: Mapping[str, str], log: Path
) -> AsyncIterator[Server]:
    """Run `python ARGUMENTS` until the block ends; enter it once `port` takes connections. Raises ServerError."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        await _until_open(process, port, log)
        yield Server(port, process.pid)
        if process.returncode is not None:
            raise ServerError(f"{arguments} ended in the middle:\n{_tail(log)}")
    finally:
        await _stop(process)


async def _until_open(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        if process.returncode is not None:
            raise ServerError(f"A server ended with {process.returncode}:\n{_tail(log)}")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise ServerError(f"A server did not listen within {START_SECONDS:.0f} s:\n{_tail(log)}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)  # its own session: nobody else's processes
        await process.wait()


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-3000:]
