"""A real streaming replica of a private PostgreSQL."""

from pathlib import Path

from dibs_realtime.local.folder import LocalError
from dibs_realtime.local.postgres import SUPERUSER, LocalPostgres


class LocalReplica(LocalPostgres):
    """Follows `primary` from its first start on; both keep their folders."""

    def __init__(self, folder: Path, primary: LocalPostgres) -> None:
        super().__init__(folder)
        self._primary = primary

    def _initialise(self) -> None:
        made = self._run(
            "pg_basebackup",
            *("-h", str(self._primary.sockets), "-U", SUPERUSER, "-D", str(self.data)),
            *("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"),
        )
        if made.returncode != 0:
            raise LocalError(made.stderr)
