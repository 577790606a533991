"""A private Redis-protocol server on a folder: a hint and a cache, so that it keeps nothing on disk."""

import socket
import time
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM
from types import TracebackType
from typing import Self
from urllib.parse import quote

from dibs_realtime.local.folder import HeldFolder, LocalError, leave_sockets, make_private, socket_folder, trimmed_log
from dibs_realtime.local.leftovers import end_leftovers
from dibs_realtime.local.programs import valkey_server
from dibs_realtime.processes.child import Child, describe, pause

SOCKET_NAME = "redis.sock"
START_SECONDS = 20.0
_STOP_STEPS = ((SIGTERM, 5.0),)


class LocalRedis:
    """One Redis-protocol server on `folder`. Start it from the main thread; it ends with this process.

    Its address stays the same over `stop()` and `start()`; its content does not survive.
    """

    name = "Redis"

    def __init__(self, folder: Path, *, memory: str = "256mb") -> None:
        self._held = HeldFolder(folder, used_by="Redis server of ours")
        self.folder = self._held.path
        self._socket = socket_folder(self.folder, SOCKET_NAME) / SOCKET_NAME
        self._memory = memory
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """Its address; the same before, during and after a run."""
        return f"unix://{quote(str(self._socket))}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self) -> None:
        """Start it, empty, and wait until it answers. Raises LocalError."""
        if self.poll() is None and self._child:
            return
        self._held.hold()
        if self._socket.parent != self.folder:
            make_private(self._socket.parent, self.folder.stat().st_uid)
        end_leftovers("valkey-server", self.folder.resolve(), *_STOP_STEPS)
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self.folder.resolve()),
            "save": "",
            "appendonly": "no",
            "maxmemory": self._memory,
            "maxmemory-policy": "allkeys-lru",
            "set-proc-title": "no",  # the command line stays as it is: that is how a leftover is known
        }
        log = trimmed_log(self.folder / "redis.log")
        with log.open("ab") as output:
            self._child = Child(
                [
                    valkey_server(),
                    *(part for name, value in options.items() for part in (f"--{name}", value)),
                ],
                folder=self.folder,
                environment={"LC_ALL": "C", "TZ": "UTC"},
                output=output,
            )
        try:
            self._wait_until_ready(self._child, log)
        except BaseException:
            self.stop()
            raise

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs (or was never started)."""
        return self._child.poll() if self._child else None

    def stop(self) -> None:
        """Stop it. Its content is gone."""
        if self._child:
            self._child.send(SIGCONT)
            self._child.stop(*_STOP_STEPS)
            self._child = None
        leave_sockets(self._socket.parent, self.folder)
        self._held.release()

    def kill(self) -> None:
        """End it without a word to its clients."""
        if self._child:
            self._child.send(SIGKILL)
            self._child.stop()
            self._child = None

    def pause(self) -> None:
        """Let it hang: connections stay open and nothing is answered."""
        if self._child:
            self._child.send(SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause()`."""
        if self._child:
            self._child.send(SIGCONT)

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def _wait_until_ready(self, child: Child, log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            code = child.poll()
            if code is not None:
                raise LocalError(f"The Redis server did not start ({describe(code)}; see {log})")
            if time.monotonic() > deadline:
                raise LocalError(f"The Redis server did not start within {START_SECONDS:.0f} s (see {log})")
            pause(0.02)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False
