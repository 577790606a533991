"""A private PostgreSQL on a folder: reached by a socket only, durable, its data kept."""

import contextlib
import logging
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from signal import SIGINT, SIGQUIT
from types import TracebackType
from typing import Self
from urllib.parse import quote

from dibs_realtime.local.account import Account, account_for
from dibs_realtime.local.folder import HeldFolder, LocalError, leave_sockets, make_private, socket_folder, trimmed_log
from dibs_realtime.local.leftovers import end_leftovers, lives
from dibs_realtime.local.programs import postgres_program
from dibs_realtime.processes.child import Child, describe, launched, pause

_log = logging.getLogger(__name__)

SUPERUSER = "postgres"
SOCKET_NAME = ".s.PGSQL.5432"
FAST, IMMEDIATE = (
    SIGINT,
    SIGQUIT,
)  # PostgreSQL's words for its two ways to stop at once: in order, or by recovery later
STOP_STEPS = ((FAST, 30.0), (IMMEDIATE, 10.0))
START_SECONDS = 300.0  # recovery after a power cut may take a while ...
PATIENCE_SECONDS = 5.0  # ... which is said then
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}  # and nothing of ours: PostgreSQL reads PG* variables

SETTINGS: Mapping[str, str] = {
    # Reached by whoever may enter the socket's folder: us.
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # Durable: what was answered survives a power cut.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Room for several server processes, on a machine that does other things too.
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    # Checkpoints seldom and spread: they must not be felt at a door.
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # Statistics follow tables that grow within minutes.
    "autovacuum_naptime": "15s",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The log tells of the server's life, never of statements or rows: those hold codes and names.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class LocalPostgres:
    """One PostgreSQL server on `folder`. Start it from the main thread; it ends with this process.

    `settings` overrides SETTINGS, for instance `{"fsync": "off"}` in tests.
    """

    name = "PostgreSQL"

    def __init__(
        self, folder: Path, settings: Mapping[str, str] | None = None, *, account: Account | None = None
    ) -> None:
        self._held = HeldFolder(folder, used_by="PostgreSQL of ours")
        self.folder = self._held.path
        self.data = self.folder / "data"
        self._pid_file = self.data / "postmaster.pid"
        self.sockets = socket_folder(self.folder, SOCKET_NAME)
        self._settings = {**SETTINGS, **(settings or {})}
        self._account = account
        self._child: Child | None = None

    def url(self, database: str = "dibs") -> str:
        """Return the address of one of its databases; it is the same before, during and after a run."""
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={quote(str(self.sockets), safe='')}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self) -> None:
        """Start it and wait until it takes connections; a new folder gets a new database cluster.

        Recovers what a killed run left: a server, a half-made cluster, a stale pid file. Raises LocalError.
        """
        if self.poll() is None and self._child:
            return
        self._held.hold()
        server = postgres_program("postgres")
        if self._account is None:
            self._account = account_for(self.folder, server)
        self._account.take(self.folder)
        if self.sockets != self.folder:
            make_private(self.sockets, self._account.uid)
            self._account.take(self.sockets)
        end_leftovers("postgres", self.data.resolve(), *STOP_STEPS)
        self._forget_other_pids()
        if self.data.exists():
            self._check_version()
        else:
            self._initialise()
        self._launch(server)

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs (or was never started)."""
        return self._child.poll() if self._child else None

    def stop(self) -> None:
        """Stop it in order: connections are ended, everything is on disk."""
        if self._child:
            self._child.stop(*STOP_STEPS)
            self._child = None
        leave_sockets(self.sockets, self.folder)
        self._held.release()

    def kill(self) -> None:
        """End it as a power cut would. `start()` recovers."""
        if self._child:
            self._child.stop()
            self._child = None
        end_leftovers("postgres", self.data.resolve())

    def ensure_database(self, database: str = "dibs") -> None:
        """Make the database where it is missing. Raises LocalError."""
        made = self._run("createdb", "-h", str(self.sockets), "-U", SUPERUSER, "-w", database)
        if made.returncode != 0 and "already exists" not in made.stderr:
            raise LocalError(f"The database cannot be made: {made.stderr.strip()}")

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def _initialise(self) -> None:
        draft = self.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        made = self._run(
            "initdb",
            *("-D", str(draft), "-U", SUPERUSER, "--encoding=UTF8", "--no-instructions"),
            # Sorting that never changes with the machine's libraries, so that indexes stay right.
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *("--auth-local=trust", "--auth-host=reject"),
            *(["--no-sync"] if self._settings["fsync"] == "off" else []),
        )
        if made.returncode != 0:
            raise LocalError(f"PostgreSQL cannot be set up in {self.folder}: {_last_line(made.stderr)}")
        draft.rename(self.data)

    def _launch(self, server: Path) -> None:
        assert self._account is not None
        settings = {"unix_socket_directories": str(self.sockets), **self._settings}
        if self._has_lz4():
            settings.setdefault("wal_compression", "lz4")
        log = trimmed_log(self.folder / "postgres.log")
        with log.open("ab") as output:
            begin = output.tell()
            self._child = Child(
                [server, "-D", self.data, *(f"--{name}={value}" for name, value in settings.items())],
                folder=self.folder,
                run_as=self._account.run_as,
                orphaned=FAST,
                environment=_ENVIRONMENT,
                output=output,
            )
        try:
            self._wait_until_ready(self._child, log, begin)
        except BaseException:
            self.stop()
            raise

    def _wait_until_ready(self, child: Child, log: Path, begin: int) -> None:
        started = time.monotonic()
        patient = False
        while not self._is_ready(child.pid):
            code = child.poll()
            if code is not None:
                with log.open("rb") as output:
                    output.seek(begin)
                    line = _last_line(output.read().decode("utf-8", "replace"))
                raise LocalError(f"PostgreSQL did not start ({describe(code)}): {line or 'no message'} (see {log})")
            waited = time.monotonic() - started
            if waited > START_SECONDS:
                raise LocalError(f"PostgreSQL did not start within {START_SECONDS:.0f} s (see {log})")
            if waited > PATIENCE_SECONDS and not patient:
                patient = True
                _log.warning("PostgreSQL is recovering from an unclean end. That may take some minutes.")
            pause(0.02)

    def _is_ready(self, pid: int) -> bool:
        lines = _lines(self._pid_file)
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004  # its layout

    def _forget_other_pids(self) -> None:
        # After a power cut, or in a new container, the number may be anybody's; after a kill, nobody may have
        # fetched its end yet. PostgreSQL would not dare.
        for file in (self._pid_file, self.sockets / f"{SOCKET_NAME}.lock"):
            lines = _lines(file)
            if lines and lines[0].lstrip("-").isdigit() and not lives(abs(int(lines[0])), "postgres"):
                file.unlink(missing_ok=True)

    def _check_version(self) -> None:
        kept = (self.data / "PG_VERSION").read_text("ascii").strip()
        ours = self._run("postgres", "--version").stdout.split()[-1]
        if ours.split(".")[0] != kept:
            raise LocalError(
                f"The data in {self.folder} are of PostgreSQL {kept}, this release brings {ours}."
                " Carry them over with pg_dump and pg_restore, or take another folder."
            )

    def _has_lz4(self) -> bool:
        return "--with-lz4" in self._run("pg_config", "--configure").stdout

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        assert self._account is not None
        command: list[str | Path] = [postgres_program(program), *arguments]
        return subprocess.run(  # noqa: S603  # no shell, and the programs are our own
            launched(command, folder=self.folder, run_as=self._account.run_as, orphaned=FAST),
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def _lines(file: Path) -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return file.read_text("utf-8").splitlines()
    return []


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "error:" in line]
    return (telling or lines or [""])[-1].strip()
