"""The demo's account: made once, and kept in the data folder so that the next demo signs in again."""

import secrets
from http import HTTPStatus
from pathlib import Path

from dibs_realtime.simulate.account import Account
from dibs_realtime.simulate.problems import ApiError
from dibs_realtime.simulate.rest import Api
from dibs_realtime.simulate.tickets import ALPHABET

EMAIL = "demo@dibs.example"
NAME = "Demo organizer"
FILE = "demo-account"


async def demo_account(api: Api, data_dir: Path | None) -> tuple[Account, str]:
    """Return the demo's account, signed in, and its password. `data_dir` None: nothing is kept.

    Raises ApiError, UnreachableError, OSError when the folder cannot be used.
    """
    file = data_dir / FILE if data_dir is not None else None
    kept = file.read_text("utf-8").split() if file is not None and file.exists() else []
    email, password = kept if len(kept) == 2 else (EMAIL, _new_password())  # noqa: PLR2004  # the two
    account = Account(api, email, password)
    if kept and await _signs_in(account):
        return account, password
    try:
        await account.register(NAME)
    except ApiError as error:
        if error.status != HTTPStatus.CONFLICT:
            raise
        # There is one whose password is not known any more: take another address.
        account = Account(api, f"demo-{secrets.token_hex(3)}@dibs.example", password)
        await account.register(NAME)
    if file is not None:
        _keep(file, f"{account.email}\n{password}\n")
    return account, password


async def _signs_in(account: Account) -> bool:
    """Sign in; False: the server does not know the account (any more)."""
    try:
        await account.sign_in()
    except ApiError as error:
        if error.status != HTTPStatus.UNAUTHORIZED:
            raise
        return False
    return True


def _keep(file: Path, text: str) -> None:
    """Write a file that only we may read; after a power cut there is a whole one or none."""
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.chmod(0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)


def _new_password() -> str:
    """Return a password of 80 random bits that people can type."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
