"""Accounts and sessions on the wire."""

from typing import Annotated, Literal, Self
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from dibs_realtime.kit.wire import Name, Omissible, Text, Utc, Wire


def email_address(raw: str) -> str:
    """Return the address in its normal form, whether it exists or not. Raises ValueError for what is none."""
    try:
        # Nothing is ever sent there, so a `.test` domain is as good as another.
        return validate_email(raw, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None


Email = Annotated[
    Text,
    StringConstraints(strip_whitespace=True, max_length=254),
    AfterValidator(email_address),
    Field(json_schema_extra={"format": "email"}),
]
"""An e-mail address."""

NewPassword = Annotated[SecretStr, Field(min_length=10, max_length=200)]
Password = Annotated[SecretStr, Field(min_length=1, max_length=200)]
Token = Annotated[SecretStr, Field(min_length=1, max_length=200)]


class UserOut(Wire):
    """An organizer's account as they see it themselves."""

    id: UUID
    email: str
    name: str
    version: int
    created_at: Utc
    updated_at: Utc


class Registration(Wire):
    """A new account."""

    email: Email
    password: NewPassword
    name: Name


class Credentials(Wire):
    """What one signs in with."""

    email: Email
    password: Password


class RefreshRequest(Wire):
    """The refresh token; the answer brings the next one."""

    refresh_token: Token


class SignedIn(Wire):
    """Tokens of a session. `expires_in`: seconds that the access token is good for."""

    user: UserOut
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # OAuth's word, no secret
    expires_in: int


class SessionOut(Wire):
    """Where an account is signed in. `current`: this is the session that asks."""

    id: UUID
    user_agent: str
    created_at: Utc
    last_used_at: Utc
    expires_at: Utc
    current: bool


class ProfilePatch(Wire):
    """What to change of one's account. A new password takes the current one and ends all other sessions."""

    name: Omissible[Name] = None
    password: Omissible[NewPassword] = None
    current_password: Omissible[Password] = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if (self.password is None) != (self.current_password is None):
            raise ValueError("password and current_password need each other")
        return self


class PasswordChoice(Wire):
    """A password for the account that the link's token belongs to."""

    token: Token
    password: NewPassword
