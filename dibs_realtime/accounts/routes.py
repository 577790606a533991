"""Accounts and sessions over REST."""

from dibs_realtime.accounts import queries
from dibs_realtime.accounts.caller import user
from dibs_realtime.accounts.schemas import (
    Credentials,
    PasswordChoice,
    ProfilePatch,
    RefreshRequest,
    Registration,
    SessionOut,
    SignedIn,
    UserOut,
)
from dibs_realtime.accounts.use_cases import Accounts, Origin
from dibs_realtime.kit import paging, problems
from dibs_realtime.kit.http.routes import Call, Routes
from dibs_realtime.kit.wire import Page, PageQuery


def routes(accounts: Accounts) -> Routes:
    """Return the slice's routes."""
    r = Routes("accounts")
    _signing_in(r, accounts)
    _sessions(r, accounts)
    _profile(r, accounts)
    return r


def _signing_in(r: Routes, accounts: Accounts) -> None:
    @r.post("/auth/register", who="-", status=201, problems=(409, 429))
    async def register(call: Call, body: Registration) -> SignedIn:
        """Make an account. You are signed in with it."""
        return await accounts.register(body, _origin(call))

    @r.post("/auth/login", who="-", problems=(401, 429))
    async def login(call: Call, body: Credentials) -> SignedIn:
        """Sign in.

        The access token is good for 15 minutes; exchange the refresh token for the next one. Thirty days without
        that end the session.
        """
        return await accounts.log_in(body, _origin(call))

    @r.post("/auth/refresh", who="-", problems=(401,))
    async def refresh(call: Call, body: RefreshRequest) -> SignedIn:  # noqa: ARG001  # the token says who calls
        """Exchange the refresh token for a new pair of tokens.

        The same one again within 10 seconds gets the same successor, unless that was used: so a lost answer costs
        nothing. Later it ends the session, because two hold the token then.
        """
        return await accounts.refresh(body.refresh_token.get_secret_value())

    @r.post("/auth/password", who="-", status=204, problems=(404, 429))
    async def choose_password(call: Call, body: PasswordChoice) -> None:
        """Choose a password with the token of a single-use link. All sessions of the account end."""
        await accounts.choose_password(body, _origin(call))


def _sessions(r: Routes, accounts: Accounts) -> None:
    @r.post("/auth/logout", who="U", status=204)
    async def logout(call: Call) -> None:
        """Sign out: this session ends."""
        await accounts.log_out(user(call))

    @r.get("/auth/sessions", who="U")
    async def list_sessions(call: Call, query: PageQuery) -> Page[SessionOut]:
        """List where you are signed in, the newest first."""
        caller = user(call)
        rows = await queries.sessions_of(
            accounts.database,
            caller.user_id,
            caller.session_id,
            paging.after(query),
            limit=query.limit,
            now=accounts.clock(),
        )
        return paging.page(rows, query, lambda row: row.id)

    @r.delete("/auth/sessions/{session_id}", who="U", problems=(404,), headers=())
    async def end_session(call: Call) -> None:
        """End one of your sessions, on every node within a second."""
        await accounts.end_session(user(call), call.path["session_id"])


def _profile(r: Routes, accounts: Accounts) -> None:
    @r.get("/users/me", who="U")
    async def read_me(call: Call) -> UserOut:
        """Read your account."""
        found = await queries.profile(accounts.database, user(call).user_id)
        if found is None:
            raise problems.not_found()
        return found

    @r.patch("/users/me", who="U", problems=(429,))
    async def update_me(call: Call, body: ProfilePatch) -> UserOut:
        """Change your account. A new password takes the current one and ends all your other sessions."""
        return await accounts.edit(user(call), body, call.if_match, _origin(call))


def _origin(call: Call) -> Origin:
    return Origin(call.address, call.request.headers.get("User-Agent", ""))
