import asyncio
import threading

import pytest

from dibs_realtime.kit import passwords as module
from dibs_realtime.kit.passwords import Passwords
from dibs_realtime.kit.problems import Problem


@pytest.fixture
def passwords():
    made = Passwords(rounds=1, memory_kib=8, parallelism=1)
    yield made
    made.close()


async def test_hash_and_verify(passwords: Passwords):
    hashed = await passwords.hash("correct horse")
    assert hashed.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert hashed != await passwords.hash("correct horse")
    assert await passwords.verify("correct horse", hashed)
    assert not await passwords.verify("correct horsf", hashed)


async def test_any_text_is_a_password(passwords: Passwords):
    for password in ("žąsis švenčia", "a\x00b" * 5, " spaces ", "🎉" * 200):
        hashed = await passwords.hash(password)
        assert await passwords.verify(password, hashed)
        assert not await passwords.verify(password + " ", hashed)


async def test_for_nobody_the_same_work_is_done(passwords: Passwords, monkeypatch: pytest.MonkeyPatch):
    verified = []
    verify = passwords._hasher.verify

    def recorded(password: str, stored: str) -> bool:
        verified.append(stored)
        return verify(password, stored)

    monkeypatch.setattr(passwords._hasher, "verify", recorded)
    assert not await passwords.verify("correct horse", None)
    assert len(verified) == 1
    assert verified[0].startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert len(verified[0]) == len(await passwords.hash("x"))


async def test_the_default_cost_is_the_recommended_one():
    passwords = Passwords()
    assert (await passwords.hash("x")).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not await passwords.verify("x", None)
    passwords.close()


async def test_work_is_done_elsewhere_and_never_more_than_two_at_once(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
):
    here, seen, most, running = threading.get_ident(), set(), 0, 0
    lock = threading.Lock()

    def slow(password: str) -> str:
        nonlocal most, running
        seen.add(threading.get_ident())
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.02)
        with lock:
            running -= 1
        return password

    monkeypatch.setattr(passwords, "_hasher", type("Slow", (), {"hash": staticmethod(slow)}))
    results = await asyncio.gather(*(passwords.hash("x") for _ in range(100)), return_exceptions=True)
    assert here not in seen
    assert most == module.WORKERS
    served = [result for result in results if result == "x"]
    turned_away = [result for result in results if isinstance(result, Problem)]
    assert len(served) == module.MOST_WAITING
    assert len(turned_away) == 100 - module.MOST_WAITING
    assert {problem.status for problem in turned_away} == {503}
    assert await passwords.hash("x") == "x"
