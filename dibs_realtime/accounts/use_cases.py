"""What changes accounts and sessions."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from dibs_realtime.accounts.attempts import Attempts
from dibs_realtime.accounts.caller import User
from dibs_realtime.accounts.model import ACCESS, IDLE, Account, Refresh, Session, judge_refresh, rotated
from dibs_realtime.accounts.repository import (
    EmailTakenError,
    PasswordLinkRepository,
    SessionRepository,
    UserRepository,
)
from dibs_realtime.accounts.schemas import (
    Credentials,
    PasswordChoice,
    ProfilePatch,
    Registration,
    SignedIn,
    UserOut,
)
from dibs_realtime.accounts.sessions import SessionDirectory
from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.passwords import Passwords
from dibs_realtime.kit.tokens import BadTokenError, Tokens, secret_hash
from dibs_realtime.ledger.editing import check_version, render

_BAD_CREDENTIALS = "This e-mail address or password is wrong."
_BAD_REFRESH = "This refresh token is not valid, or no longer. Sign in again."


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from."""

    address: str
    user_agent: str


class Accounts:
    """The use cases of organizers' accounts. All raise Problem 503 when PostgreSQL is away."""

    def __init__(
        self,
        *,
        database: Database,
        sessions: SessionDirectory,
        tokens: Tokens,
        passwords: Passwords,
        attempts: Attempts,
        clock: Clock,
    ) -> None:
        self.database = database
        self.sessions = sessions
        self.clock = clock
        self._tokens = tokens
        self._passwords = passwords
        self._attempts = attempts

    async def register(self, new: Registration, origin: Origin) -> SignedIn:
        """Make an account and sign it in. Raises Problem 409 for a taken address, 429."""
        now = self.clock()
        await self._attempts.register(origin.address, now)
        async with self.database.reading() as connection:
            taken = await UserRepository(connection).by_email(new.email) is not None
        if taken:
            raise _taken()
        hashed = await self._passwords.hash(new.password.get_secret_value())
        account = Account(
            id=new_id(),
            created_at=now,
            updated_at=now,
            email=new.email,
            name=new.name,
            password_hash=hashed,
            version=1,
        )
        try:
            async with self.database.transaction() as connection:
                await UserRepository(connection).add(account)
                session = await self.sessions.create_session(
                    connection, "user", account.id, None, now, now + IDLE, origin.user_agent
                )
        except EmailTakenError:
            raise _taken() from None
        return self._signed_in(account, session, now)

    async def log_in(self, credentials: Credentials, origin: Origin) -> SignedIn:
        """Sign in. Raises Problem 401 alike for an unknown address and a wrong password, 429."""
        now = self.clock()
        async with self.database.reading() as connection:
            account = await UserRepository(connection).by_email(credentials.email)
        stored = account.password_hash if account is not None else None
        right = await self._attempts.verify(
            credentials.password.get_secret_value(), stored, credentials.email.casefold(), origin.address, now
        )
        if account is None or not right:
            raise problems.unauthorized(_BAD_CREDENTIALS)
        async with self.database.transaction() as connection:
            # Whoever changed the password while this one was verified has ended all sessions, and means this one too.
            latest = await UserRepository(connection).get(account.id, lock=True)
            if latest is None or latest.password_hash != stored:
                raise problems.unauthorized(_BAD_CREDENTIALS)
            session = await self.sessions.create_session(
                connection, "user", account.id, None, now, now + IDLE, origin.user_agent
            )
        return self._signed_in(account, session, now)

    async def refresh(self, token: str) -> SignedIn:
        """Exchange a refresh token. Raises Problem 401; a token that was used before ends its session."""
        now = self.clock()
        try:
            claims = self._tokens.read_refresh(token)
        except BadTokenError:
            raise problems.unauthorized(_BAD_REFRESH) from None
        async with self.database.transaction() as connection:
            repository = SessionRepository(connection)
            session = await repository.get(claims.session_id, lock=True)
            if session is None or session.kind != "user" or not session.is_alive(now):
                raise problems.unauthorized(_BAD_REFRESH)
            if not self._tokens.is_genuine(claims, session.refresh_salt):
                raise problems.unauthorized(_BAD_REFRESH)
            account = await UserRepository(connection).get(session.subject_id)
            decision = judge_refresh(session, claims.generation, now)
            news = []
            if decision is Refresh.ROTATE:
                session = rotated(session, now)
                await repository.save(session)
            elif decision is Refresh.REUSED:
                news = await self.sessions.revoke_session(connection, session.id, "token_reused")
        await self.sessions.announce(news)
        if account is None or decision is Refresh.REUSED:
            raise problems.unauthorized(_BAD_REFRESH)
        return self._signed_in(account, session, now)

    async def log_out(self, caller: User) -> None:
        """End the caller's session."""
        await self.sessions.revoke(caller.session_id, "signed_out")

    async def end_session(self, caller: User, session_id: UUID) -> None:
        """End one of the caller's sessions. Raises Problem 404 when it is none of theirs, or over."""
        async with self.database.transaction() as connection:
            session = await SessionRepository(connection).get(session_id, lock=True)
            if session is None or session.subject_id != caller.user_id or not session.is_alive(self.clock()):
                raise problems.not_found()
            news = await self.sessions.revoke_session(connection, session_id, "ended")
        await self.sessions.announce(news)

    async def edit(self, caller: User, patch: ProfilePatch, if_match: int | None, origin: Origin) -> UserOut:
        """Change the caller's account. Raises Problem 412, 422 for a wrong current password, 429."""
        now = self.clock()
        before = await self._account(caller.user_id)
        check_version(before, if_match)
        after = before
        if patch.name is not None:
            after = replace(after, name=patch.name)
        if patch.password is not None and patch.current_password is not None:
            current = patch.current_password.get_secret_value()
            if not await self._attempts.verify(current, before.password_hash, str(before.id), origin.address, now):
                raise problems.unprocessable("The current password is another one.", loc=("body", "current_password"))
            after = replace(after, password_hash=await self._passwords.hash(patch.password.get_secret_value()))
        if after == before:
            return render(UserOut, before)
        after = replace(after, version=before.version + 1, updated_at=now)
        async with self.database.transaction() as connection:
            users = UserRepository(connection)
            latest = await users.get(caller.user_id, lock=True)
            if latest is None or latest.version != before.version:
                raise problems.stale(latest.version if latest is not None else before.version)
            await users.save(after)
            news = []
            if after.password_hash != before.password_hash:
                news = await self.sessions.revoke_sessions_of(
                    connection, caller.user_id, "password_changed", but=caller.session_id
                )
        await self.sessions.announce(news)
        return render(UserOut, after)

    async def choose_password(self, choice: PasswordChoice, origin: Origin) -> None:
        """Set the password of the link's account; all its sessions end. Raises Problem 404, 429."""
        now, digest = self.clock(), secret_hash(choice.token.get_secret_value())
        async with self._attempts.guess_link(origin.address, now) as attempt:
            async with self.database.reading() as connection:
                known = await PasswordLinkRepository(connection).find(digest, now)
            if known is None:
                attempt.fail()
                raise _used_up()
        hashed = await self._passwords.hash(choice.password.get_secret_value())
        async with self.database.transaction() as connection:
            users = UserRepository(connection)
            user_id = await PasswordLinkRepository(connection).use(digest, now)
            account = await users.get(user_id, lock=True) if user_id is not None else None
            if account is None:
                raise _used_up()
            await users.save(replace(account, password_hash=hashed, version=account.version + 1, updated_at=now))
            news = await self.sessions.revoke_sessions_of(connection, account.id, "password_changed")
        await self.sessions.announce(news)

    async def _account(self, user_id: UUID) -> Account:
        async with self.database.reading() as connection:
            account = await UserRepository(connection).get(user_id)
        if account is None:
            raise problems.not_found()
        return account

    def _signed_in(self, account: Account, session: Session, now: datetime) -> SignedIn:
        return SignedIn(
            user=render(UserOut, account),
            access_token=self.sessions.access_token(session, now),
            refresh_token=self._tokens.refresh_token(session.id, session.refresh_generation, session.refresh_salt),
            expires_in=int(ACCESS.total_seconds()),
        )


def _taken() -> problems.Problem:
    return problems.conflict("Somebody has registered with this e-mail address already.", slug="email_taken")


def _used_up() -> problems.Problem:
    return problems.not_found("This link was used already, or it is too old. Ask for a new one.")
