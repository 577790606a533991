"""What runs in a new process before the program itself.

Usage: `launcher.py PARENT SIGNAL RUN_AS FOLDER PROGRAM [ARGUMENT…]`. A bare interpreter runs it as a file
(no site packages, none of this project): our own process may have threads, and after a fork nothing is safe
there but to start another program.

- PARENT: the process that starts us. When it is gone, for whatever reason, SIGNAL is sent to us (on Linux).
- RUN_AS: `same`, `user:UID:GID`, or `namespace:UID:GID`: files are read and written as who we are, while the
  program sees itself as UID and GID (a Linux user namespace).
- FOLDER: where the program starts.

It ends with EXIT_CODE and one line on stderr when it cannot start the program.
"""

import ctypes
import os
import sys
from pathlib import Path

EXIT_CODE = 125
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become the program. Raises OSError."""
    parent, signal_number, run_as, folder, *program = arguments
    kind, _, numbers = run_as.partition(":")
    if kind == "namespace":
        uid, gid = numbers.split(":")
        _enter_namespace(uid, gid)
    elif kind == "user":
        uid, gid = numbers.split(":")
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    # After the change of user, which would undo it.
    _end_with_parent(int(parent), int(signal_number))
    os.chdir(folder)
    os.execv(program[0], program)  # noqa: S606  # no shell is wanted


def _enter_namespace(uid: str, gid: str) -> None:
    outside_uid, outside_gid = os.geteuid(), os.getegid()
    _system_call("unshare", _CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {outside_uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {outside_gid} 1", encoding="ascii")


def _end_with_parent(parent: int, signal_number: int) -> None:
    if sys.platform == "linux":
        _system_call("prctl", _PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        raise OSError("the process that wanted it is gone")


def _system_call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.stderr.write(f"{sys.argv[5]} cannot be started: {error}\n")
        sys.exit(EXIT_CODE)
