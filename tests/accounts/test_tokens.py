import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest

from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.tokens import BadTokenError, Claims, Tokens

NOW = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
SECRET = "s" * 40


def claims(**other: Any) -> Claims:
    return Claims(
        **{
            "kind": "device",
            "subject_id": new_id(),
            "session_id": new_id(),
            "event_id": new_id(),
            "expires_at": NOW + timedelta(minutes=15),
            **other,
        }
    )


@pytest.mark.parametrize("event_id", [None, new_id()])
def test_a_token_says_what_it_was_told(event_id: UUID | None):
    tokens, said = Tokens(SECRET), claims(event_id=event_id)
    assert tokens.read(tokens.issue(said, NOW), NOW) == said


def test_a_token_is_good_until_its_end_and_not_at_it_also_when_it_is_remembered():
    tokens, said = Tokens(SECRET), claims()
    token = tokens.issue(said, NOW)
    assert tokens.read(token, said.expires_at - timedelta(seconds=1)) == said
    for reader in (tokens, Tokens(SECRET)):
        with pytest.raises(BadTokenError):
            reader.read(token, said.expires_at)


def test_the_time_is_the_one_that_is_passed_in():
    tokens = Tokens(SECRET)
    past = datetime(2001, 1, 1, tzinfo=UTC)
    said = claims(expires_at=past + timedelta(minutes=1))
    assert tokens.read(tokens.issue(said, past), past) == said


def forged(**other: object) -> str:
    raw = {
        "iss": "dibs", "aud": "dibs-api", "kind": "user", "sub": str(new_id()), "sid": str(new_id()),
        "exp": int((NOW + timedelta(hours=1)).timestamp()), **other,
    }  # fmt: skip
    key = hmac.digest(SECRET.encode(), b"dibs token key: access", "sha256")
    return jwt.encode({name: value for name, value in raw.items() if value is not None}, key, algorithm="HS256")


def test_the_forgery_is_good_where_nothing_is_wrong_with_it():
    Tokens(SECRET).read(forged(), NOW)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "é" * 100,
        "a" * 100_000,
        Tokens("another secret" * 4).issue(claims(), NOW),
        jwt.encode({"sub": "x"}, None, algorithm="none"),
        forged(iss="another"),
        forged(aud="another"),
        forged(sub=None),
        forged(sid="not an id"),
        forged(exp=None),
        forged(exp="soon"),
        forged(exp=10**30),
        forged(event=5),
        forged(sid=5),
    ],
)
def test_a_bad_token_is_refused_and_not_remembered(token: str):
    tokens = Tokens(SECRET)
    with pytest.raises(BadTokenError):
        tokens.read(token, NOW)
    assert not tokens._verified


def test_another_algorithm_with_the_same_key_is_refused():
    key = hmac.digest(SECRET.encode(), b"dibs token key: access", "sha256")
    raw = jwt.decode(forged(), options={"verify_signature": False})
    with pytest.raises(BadTokenError), pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        Tokens(SECRET).read(jwt.encode(raw, key, algorithm="HS512"), NOW)


def test_memory_is_bounded():
    tokens = Tokens(SECRET, remembered=10)
    issued = [tokens.issue(claims(), NOW) for _ in range(30)]
    for token in issued:
        tokens.read(token, NOW)
    assert len(tokens._verified) == 10
    for token in issued:
        tokens.read(token, NOW)


def test_a_refresh_token_is_the_same_each_time_and_another_for_each_generation_session_and_salt():
    tokens, session_id, salt = Tokens(SECRET), new_id(), b"salt"
    token = tokens.refresh_token(session_id, 3, salt)
    assert token == Tokens(SECRET).refresh_token(session_id, 3, salt)
    read = tokens.read_refresh(token)
    assert (read.session_id, read.generation) == (session_id, 3)
    assert tokens.is_genuine(read, salt)
    assert not tokens.is_genuine(read, b"other")
    assert not Tokens("t" * 40).is_genuine(read, salt)
    macs = {
        tokens.read_refresh(tokens.refresh_token(*arguments)).mac
        for arguments in [(session_id, 3, salt), (session_id, 4, salt), (new_id(), 3, salt)]
    }
    assert len(macs) == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda token: token + "x",
        lambda token: token.replace(".", "", 1),
        lambda token: token.replace(".3.", ".-3."),
        lambda token: token.replace(".3.", "." + "3" * 12 + "."),
        lambda token: token.replace(".3.", ".³."),
        lambda token: "z" + token[1:],
        lambda token: token + "\n",
    ],
)
def test_what_is_no_refresh_token_is_refused(change: Callable[[str], str]):
    tokens = Tokens(SECRET)
    with pytest.raises(BadTokenError):
        tokens.read_refresh(change(tokens.refresh_token(new_id(), 3, b"salt")))
