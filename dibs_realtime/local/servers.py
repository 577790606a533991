"""PostgreSQL and Redis side by side on one folder."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from dibs_realtime.local.folder import HeldFolder, kept_secret
from dibs_realtime.local.postgres import LocalPostgres
from dibs_realtime.local.redis import LocalRedis


class LocalServers:
    """What our server needs, on `folder`: `with LocalServers(folder) as servers: servers.database_url`."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        # Others may pass through this folder (PostgreSQL's stand-in must), but see nothing in it.
        self._held = HeldFolder(folder, mode=0o711, used_by="`dibs up`")
        self.folder = self._held.path
        self.postgres = LocalPostgres(self.folder / "postgres", settings)
        self.redis = LocalRedis(self.folder / "redis")
        self._running = ExitStack()

    @property
    def database_url(self) -> str:
        """The address of the database `dibs`."""
        return self.postgres.url()

    @property
    def redis_url(self) -> str:
        """The address of the Redis-protocol server."""
        return self.redis.url

    def hold(self) -> None:
        """Take the folder without starting anything yet. Raises LocalError."""
        self._held.hold()
        self._running.callback(self._held.release)
        (self.folder / ".gitignore").write_text("*\n", encoding="ascii")  # nothing here belongs into a repository

    def secret_key(self) -> str:
        """Return the key that signs what this folder's server gives out; made at the first use, then kept."""
        return kept_secret(self.folder / "secret-key")

    def announce(self, public_url: str) -> None:
        """Keep the address under which the server of this folder is reached, for other commands."""
        (self.folder / "public-url").write_text(public_url + "\n", encoding="utf-8")

    def announced_url(self) -> str | None:
        """Return the address under which this folder's server is (or was last) reached, if there was one."""
        try:
            return (self.folder / "public-url").read_text("utf-8").strip()
        except OSError:
            return None

    def start(self) -> None:
        """Start both. Raises LocalError; nothing runs then."""
        if not self._held.is_held:
            self.hold()
        try:
            self._running.enter_context(self.postgres)
            self._running.enter_context(self.redis)
            self.postgres.ensure_database()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both and give the folder free."""
        self._running.close()

    def __enter__(self) -> Self:
        """Start both."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both."""
        self.stop()
