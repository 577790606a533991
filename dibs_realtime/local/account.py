"""As whom PostgreSQL runs: it refuses to be root.

An ordinary user runs it as what he is. For root there are two ways:
- a user namespace (Linux): PostgreSQL sees itself as an ordinary user while its files are root's. Nothing on
  the machine changes, and a folder that is closed to others, such as root's home, is no obstacle.
- where namespaces are not allowed (many containers): a system account of its own, made when it is missing. It
  must be able to reach the data and the programs.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

from dibs_realtime.local.folder import LocalError
from dibs_realtime.processes.child import launched

ACCOUNT = "dibs-postgres"
_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs a program (`run_as` as the launcher takes it) and whose its files are."""

    run_as: str
    uid: int
    gid: int

    def take(self, folder: Path) -> None:
        """Make the folder and all in it this account's, where it is not. Raises LocalError."""
        found = folder.stat()
        if (found.st_uid, found.st_gid) == (self.uid, self.gid):
            return
        try:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, self.uid, self.gid, follow_symlinks=False)
        except OSError:
            owner = _name(found.st_uid)
            raise LocalError(f"The folder {folder} belongs to {owner}. Run as {owner}, or take another.") from None


def account_for(folder: Path, program: Path) -> Account:
    """Return as whom `program` can run on `folder`. Raises LocalError when there is no way."""
    us = Account("same", os.geteuid(), os.getegid())
    if us.uid != 0:
        return us
    if shadow := _any_ordinary_user():
        within = Account(f"namespace:{shadow.pw_uid}:{shadow.pw_gid}", us.uid, us.gid)
        if not _obstacle(within, folder, program):
            return within
    entry = _system_account()
    stand_in = Account(f"user:{entry.pw_uid}:{entry.pw_gid}", entry.pw_uid, entry.pw_gid)
    stand_in.take(folder)
    if obstacle := _obstacle(stand_in, folder, program):
        raise LocalError(
            f"PostgreSQL must not run as root, and its stand-in {entry.pw_name} cannot: {obstacle}."
            " Run as an ordinary user, or take folders that others may pass."
        )
    return stand_in


def _obstacle(account: Account, folder: Path, program: Path) -> str:
    """Return what is in the way of the account, or nothing."""
    probe = subprocess.run(  # noqa: S603  # no shell, and the program is our own
        launched([program, "--version"], folder=folder, run_as=account.run_as, orphaned=SIGTERM),
        env={},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return "" if probe.returncode == 0 else probe.stderr.strip() or f"exit code {probe.returncode}"


def _any_ordinary_user() -> pwd.struct_passwd | None:
    """Return some account besides root: initdb wants its user to have a name."""
    return next((entry for entry in pwd.getpwall() if entry.pw_uid != 0), None)


def _system_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        useradd = shutil.which("useradd")
    if useradd is None:
        raise LocalError("PostgreSQL must not run as root. Run as an ordinary user.")
    made = subprocess.run(  # noqa: S603  # no shell, fixed arguments
        [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if made.returncode != 0:
        raise LocalError(f"PostgreSQL must not run as root, and no account can be made: {made.stderr.strip()}.")
    return pwd.getpwnam(ACCOUNT)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
