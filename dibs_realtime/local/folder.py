"""Folders that hold what `dibs up` keeps: made, checked, held by one process at a time."""

import contextlib
import hashlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from dibs_realtime.processes.child import ChildError

LONGEST_SOCKET_PATH = 103  # bytes; Linux takes 107, macOS 103
_LOG_BYTES = 10_000_000


class LocalError(ChildError):
    """What is needed on this machine is not there or not possible. One line for the person who runs it."""


class HeldFolder:
    """A folder that we may write to, and nobody else while we hold it."""

    def __init__(self, path: Path, *, mode: int = 0o700, used_by: str = "program") -> None:
        self.path = path.absolute()
        self._mode = mode
        self._used_by = used_by
        self._lock = FileLock(self.path / "lock", thread_local=False)

    def hold(self) -> None:
        """Make the folder where it is missing, and take it. Raises LocalError when it cannot be had."""
        if self.is_held:
            return
        try:
            if not self.path.exists():
                self.path.mkdir(parents=True)
                self.path.chmod(self._mode)
            self._lock.acquire(timeout=0)
            self._owner.write_text(str(os.getpid()), encoding="ascii")
        except Timeout:
            raise LocalError(
                f"Another {self._used_by}{self._who()} runs on the folder {self.path}."
                " Stop it first, or take another folder."
            ) from None
        except OSError as error:
            raise LocalError(f"The folder {self.path} cannot be used: {_reason(error)}.") from None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the folder."""
        return self._lock.is_locked

    def release(self) -> None:
        """Let others have the folder."""
        self._lock.release()

    @property
    def _owner(self) -> Path:
        return self.path / "lock.pid"

    def _who(self) -> str:
        try:
            return f" (process {int(self._owner.read_text('ascii'))})"
        except (OSError, ValueError):
            return ""


def kept_secret(file: Path) -> str:
    """Return the secret kept in `file`; a new one is made when there is none. Only we may read it."""
    try:
        return file.read_text("ascii").strip()
    except FileNotFoundError:
        secret = secrets.token_urlsafe(48)
        # Written aside and then named: after a power cut there is a whole secret or none.
        draft = file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.chmod(0o600)
        draft.write_text(secret + "\n", encoding="ascii")
        draft.replace(file)
        return secret
    except OSError as error:
        raise LocalError(f"{file} cannot be read: {_reason(error)}.") from None


def socket_folder(folder: Path, socket_name: str) -> Path:
    """Return where the socket of a server that lives in `folder` goes.

    That is the folder itself; when the path is too long for a socket, a private folder among the temporary
    files whose short name is always the same. Raises LocalError when there is no such place.
    """
    if _fits(folder / socket_name):
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"dibs-{name}"
    if not _fits(short / socket_name):
        raise LocalError(f"The path of {folder} is too long for a socket. Take a folder with a shorter one.")
    return short


def make_private(folder: Path, owner: int) -> None:
    """Make the folder where it is missing. It must be `owner`'s or ours; nobody else may read or write it."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
            raise LocalError(f"{folder} belongs to somebody else. Take another data folder.")
        folder.chmod(0o700)
    except OSError as error:
        raise LocalError(f"The folder {folder} cannot be used: {_reason(error)}.") from None


def leave_sockets(sockets: Path, folder: Path) -> None:
    """Remove a socket folder that was made for a server in `folder`, unless somebody is in it."""
    if sockets != folder:
        with contextlib.suppress(OSError):
            sockets.rmdir()


def trimmed_log(file: Path) -> Path:
    """Keep a log that grows over the years small: at a start, a long one becomes `….old`."""
    if file.exists() and file.stat().st_size > _LOG_BYTES:
        file.replace(file.with_suffix(".old.log"))
    return file


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= LONGEST_SOCKET_PATH


def _reason(error: OSError) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "there is something that is not a folder"
    return (error.strerror or str(error)).lower()
