"""Limits on attempts, counted in Redis for all nodes together, or on this node alone while Redis is away."""

import hmac
import math
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dibs_realtime.kit import problems
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.redis import Redis

MOST_KEYS = 50_000
"""Keys that a node counts for itself; beyond, the one untouched for longest is forgotten."""

UNDER_WAY_SECONDS = 5
"""How long an attempt whose end was never told (its node died, Redis went away) holds its place."""

# Times are milliseconds. A member of the set is one attempt; its score is when it happened, or would have happened if
# it left the window as soon as one that is under way may.
# Answers 0: counted; more: so long until the first attempt leaves the window.
_COUNT = """
local now, span, most, at = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - span)
if redis.call('ZCARD', KEYS[1]) >= most then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return math.max(1, math.ceil(tonumber(oldest[2]) + span - now))
end
redis.call('ZADD', KEYS[1], at, ARGV[4])
redis.call('PEXPIRE', KEYS[1], math.ceil(span))
return 0
"""
_TAKE_BACK = "return redis.call('ZREM', KEYS[1], ARGV[1])"
_KEEP = """
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
"""
# The key holds when the bucket will be full again. The fourth argument: 1 to leave the token there.
# Answers 0: there was a token; more: so long until there is one.
_TAKE = """
local now, burst, each, keep = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = full - now - (burst - 1) * each
if wait > 0 then
  return math.max(1, math.ceil(wait))
end
if not keep then
  redis.call('SET', KEYS[1], string.format('%.3f', full + each), 'PX', math.ceil(full + each - now))
end
return 0
"""


@dataclass(frozen=True, slots=True)
class FailureWindow:
    """At most so many failures within any `seconds`."""

    name: str
    most: int
    seconds: float


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """A burst at once, then so many a second."""

    name: str
    burst: int
    per_second: float


class Attempt:
    """One attempt under way."""

    def __init__(self) -> None:
        self.has_failed = False

    def fail(self) -> None:
        """Say that it was a wrong one: it counts."""
        self.has_failed = True


@dataclass(frozen=True, slots=True)
class _Place:
    """What an attempt holds in one window. Times in milliseconds."""

    key: str
    member: str
    at: float
    span: float
    shared: bool


class Limits:
    """Counts by key. Keys are stored hashed: no address of a person or a machine reaches Redis."""

    def __init__(self, redis: Redis, secret: str) -> None:
        self._redis = redis
        self._secret = hmac.digest(secret.encode(), b"dibs limits", "sha256")
        self._own = _OwnCounts()

    @asynccontextmanager
    async def attempt(self, now: datetime, *windows: tuple[FailureWindow, str]) -> AsyncIterator[Attempt]:
        """Let an attempt be made while each window (a rule and whose it is) has room. Raises Problem 429.

        It holds a place from the beginning, so that many at once cannot slip through. Only `fail` lets it count: a
        right one, and one that ended because of us, leaves no trace.
        """
        attempt, places = Attempt(), list[_Place]()
        try:
            for rule, key in windows:
                places.append(await self._enter(rule, key, now, under_way=True))
            yield attempt
        finally:
            for place in places:
                await self._leave(place, failed=attempt.has_failed)

    async def count(self, rule: FailureWindow, key: str, now: datetime) -> None:
        """Count what always counts. Raises Problem 429."""
        await self._enter(rule, key, now, under_way=False)

    async def take(self, rule: TokenBucket, key: str, now: datetime, *, keep: bool = False) -> None:
        """Take a token. Raises Problem 429 when there is none. keep: leave it there, but be refused all the same."""
        name, at, each = self._name(rule.name, key), now.timestamp() * 1000, 1000 / rule.per_second
        wait = await self._redis.eval(_TAKE, [name], [at, rule.burst, each, int(keep)])
        _refuse(wait if wait is not None else self._own.take(name, at, rule.burst, each, keep=keep))

    async def _enter(self, rule: FailureWindow, key: str, now: datetime, *, under_way: bool) -> _Place:
        name, at, span, member = self._name(rule.name, key), now.timestamp() * 1000, rule.seconds * 1000, new_id().hex
        score = at - span + min(UNDER_WAY_SECONDS * 1000, span) if under_way else at
        wait = await self._redis.eval(_COUNT, [name], [at, span, rule.most, member, score])
        shared = wait is not None
        _refuse(wait if shared else self._own.count(name, member, at, span, rule.most, score))
        return _Place(name, member, at, span, shared)

    async def _leave(self, place: _Place, *, failed: bool) -> None:
        if place.shared and not failed:
            await self._redis.eval(_TAKE_BACK, [place.key], [place.member])
            return
        if place.shared and await self._redis.eval(
            _KEEP, [place.key], [place.member, place.at, math.ceil(place.span)]
        ) is not None:  # fmt: skip
            return
        if failed:
            self._own.keep(place.key, place.member, place.at)
        else:
            self._own.take_back(place.key, place.member)

    def _name(self, rule: str, key: str) -> str:
        return f"dibs:limit:{rule}:{hmac.digest(self._secret, key.encode(), 'sha256')[:16].hex()}"


def _refuse(wait: float) -> None:
    """Raise Problem 429 unless `wait`, in milliseconds, is 0."""
    if wait > 0:
        raise problems.too_many(math.ceil(wait / 1000))


class _OwnCounts:
    """The same arithmetic as the scripts', for one node."""

    def __init__(self) -> None:
        self._windows: OrderedDict[str, dict[str, float]] = OrderedDict()
        self._buckets: OrderedDict[str, float] = OrderedDict()

    def count(self, key: str, member: str, now: float, span: float, most: int, score: float) -> float:
        attempts = self._window(key)
        for old in [old for old, at in attempts.items() if at <= now - span]:
            del attempts[old]
        if len(attempts) >= most:
            return max(1.0, min(attempts.values()) + span - now)
        attempts[member] = score
        return 0

    def keep(self, key: str, member: str, at: float) -> None:
        self._window(key)[member] = at

    def take_back(self, key: str, member: str) -> None:
        self._windows.get(key, {}).pop(member, None)

    def take(self, key: str, now: float, burst: int, each: float, *, keep: bool) -> float:
        full = max(self._buckets.get(key, 0.0), now)
        wait = full - now - (burst - 1) * each
        if wait > 0:
            return wait
        if not keep:
            self._buckets[key] = full + each
            _keep_small(self._buckets, key)
        return 0

    def _window(self, key: str) -> dict[str, float]:
        attempts = self._windows.setdefault(key, {})
        _keep_small(self._windows, key)
        return attempts


def _keep_small(counts: OrderedDict[str, Any], key: str) -> None:
    counts.move_to_end(key)
    if len(counts) > MOST_KEYS:
        counts.popitem(last=False)
