"""Links with which somebody chooses a password, for new accounts and forgotten ones, without any mail."""

import secrets
from datetime import datetime

from dibs_realtime.accounts.model import RESET_LINK, SETUP_LINK, Account
from dibs_realtime.accounts.repository import PasswordLinkRepository, UserRepository
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.tokens import secret_hash


class UnknownAccountError(Exception):
    """No account has this address."""


class PasswordLinks:
    """Makes single-use links. The newest of an account is the only good one."""

    def __init__(self, database: Database, public_url: str) -> None:
        self._database = database
        self._public_url = public_url

    async def for_new_account(self, email: str, name: str, now: datetime) -> str:
        """Make an account without a password; return the link to choose one. Raises EmailTakenError."""
        account = Account(
            id=new_id(), created_at=now, updated_at=now, email=email, name=name, password_hash=None, version=1
        )
        token = secrets.token_urlsafe(32)
        async with self._database.transaction() as connection:
            await UserRepository(connection).add(account)
            links = PasswordLinkRepository(connection)
            await links.replace(secret_hash(token), account.id, now, now + SETUP_LINK)
        return self._url(token)

    async def for_forgotten_password(self, email: str, now: datetime) -> str:
        """Return a link to choose a new password; the old one stays until then. Raises UnknownAccountError."""
        token = secrets.token_urlsafe(32)
        async with self._database.transaction() as connection:
            account = await UserRepository(connection).by_email(email)
            if account is None:
                raise UnknownAccountError
            lifetime = RESET_LINK if account.password_hash is not None else SETUP_LINK
            links = PasswordLinkRepository(connection)
            await links.replace(secret_hash(token), account.id, now, now + lifetime)
        return self._url(token)

    def _url(self, token: str) -> str:
        # In the fragment, which browsers send to nobody.
        return f"{self._public_url}/app/#/password/{token}"
