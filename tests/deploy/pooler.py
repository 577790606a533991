"""A real PgBouncer in front of a private PostgreSQL, on the configuration that docs/scaling.md tells to use."""

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from signal import SIGINT
from string import Template
from types import TracebackType
from typing import Self
from urllib.parse import quote

from dibs_realtime.local.account import account_for
from dibs_realtime.local.folder import make_private
from dibs_realtime.local.postgres import SUPERUSER, LocalPostgres
from dibs_realtime.processes.child import Child, pause

TEMPLATE = Path(__file__).parents[2] / "deploy" / "pgbouncer" / "pgbouncer.ini"
PREPARES_SINCE = (1, 21)
PORT = 6432  # only a part of the socket's name


def program(name: str) -> Path:
    """Return the path of a Debian package's program. It must be there: these tests are run on purpose."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    assert found, f"{name} is not installed: apt-get install {name}"
    return Path(found)


class Pooler:
    """PgBouncer for the database `dibs` of `postgres`, in transaction mode."""

    def __init__(self, folder: Path, postgres: LocalPostgres, *, database: str = "dibs", writers: int = 4) -> None:
        self._folder = folder
        self._postgres = postgres
        self._program = program("pgbouncer")
        self._values = {
            "PGBOUNCER_SERVER": f"host={postgres.sockets} user={SUPERUSER}",
            "PGBOUNCER_DATABASE": database,
            "PGBOUNCER_READERS": "6",
            "PGBOUNCER_WRITERS": str(writers),
            "PGBOUNCER_LISTEN": "",
            "PGBOUNCER_PORT": str(PORT),
            "PGBOUNCER_SOCKETS": str(folder),
            "PGBOUNCER_AUTH": "trust",
            "PGBOUNCER_USERS": str(folder / "users.txt"),
            "PGBOUNCER_PREPARED": "max_prepared_statements = 500" if self.prepares else "",
        }
        self._child: Child | None = None

    @property
    def version(self) -> tuple[int, ...]:
        """Its release."""
        told = subprocess.run([self._program, "--version"], capture_output=True, text=True, check=True).stdout
        found = re.search(r"PgBouncer (\d+)\.(\d+)", told)
        assert found
        return tuple(map(int, found.groups()))

    @property
    def prepares(self) -> bool:
        """Whether this release keeps prepared statements in transaction mode."""
        return self.version >= PREPARES_SINCE

    def url(self, entry: str = "dibs") -> str:
        """Return the address of one of its entries."""
        return f"postgresql://{SUPERUSER}@/{entry}?host={quote(str(self._folder), safe='')}&port={PORT}"

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        account = account_for(self._folder, self._program)
        make_private(self._folder, account.uid)
        config = self._folder / "pgbouncer.ini"
        config.write_text(Template(TEMPLATE.read_text("utf-8")).substitute(self._values), "utf-8")
        (self._folder / "users.txt").write_text(f'"{SUPERUSER}" ""\n', "ascii")
        account.take(self._folder)
        with (self._folder / "pgbouncer.log").open("ab") as output:
            self._child = Child(
                [self._program, config], folder=self._folder, run_as=account.run_as, orphaned=SIGINT, output=output
            )
        deadline = time.monotonic() + 20
        while not self._answers():
            log = (self._folder / "pgbouncer.log").read_text("utf-8")
            assert self._child.poll() is None, log
            assert time.monotonic() < deadline, log
            pause(0.02)

    def stop(self) -> None:
        """Stop it: PostgreSQL is away for whoever comes through it."""
        if self._child:
            self._child.stop((SIGINT, 5.0))

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(self._folder / f".s.PGSQL.{PORT}"))
            except OSError:
                return False
            return True
