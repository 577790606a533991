"""Limits on attempts, counted in Redis for all nodes together, or on this node alone while Redis is away."""

import hmac
import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dibs_realtime.kit import problems
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.redis import Redis

MOST_KEYS = 50_000
"""Keys that a node counts for itself; beyond, the one untouched for longest is forgotten."""

# Times are milliseconds. A member of the set is one attempt.
# Answers 0: counted; more: so long until the oldest attempt leaves the window.
_COUNT = """
local now, span, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - span)
if redis.call('ZCARD', KEYS[1]) >= most then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return math.max(1, math.ceil(tonumber(oldest[2]) + span - now))
end
redis.call('ZADD', KEYS[1], now, ARGV[4])
redis.call('PEXPIRE', KEYS[1], math.ceil(span))
return 0
"""
_TAKE_BACK = "return redis.call('ZREM', KEYS[1], ARGV[1])"
# The key holds when the bucket will be full again.
# Answers 0: a token was taken; more: so long until there is one.
_TAKE = """
local now, burst, each = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = full - now - (burst - 1) * each
if wait > 0 then
  return math.max(1, math.ceil(wait))
end
redis.call('SET', KEYS[1], string.format('%.3f', full + each), 'PX', math.ceil(full + each - now))
return 0
"""


@dataclass(frozen=True, slots=True)
class FailureWindow:
    """At most so many attempts within any `seconds`. What turns out to be no failure is taken back."""

    name: str
    most: int
    seconds: float


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """A burst at once, then so many a second."""

    name: str
    burst: int
    per_second: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """One counted attempt."""

    key: str
    member: str
    shared: bool


class Limits:
    """Counts by key. Keys are stored hashed: no address of a person or a machine reaches Redis."""

    def __init__(self, redis: Redis, secret: str) -> None:
        self._redis = redis
        self._secret = hmac.digest(secret.encode(), b"dibs limits", "sha256")
        self._own = _OwnCounts()

    async def count(self, rule: FailureWindow, key: str, now: datetime) -> Attempt:
        """Count an attempt before it is made: many at once cannot slip through. Raises Problem 429."""
        name, at, span = self._name(rule.name, key), now.timestamp() * 1000, rule.seconds * 1000
        member = new_id().hex
        wait = await self._redis.eval(_COUNT, [name], [at, span, rule.most, member])
        shared = wait is not None
        _refuse(wait if shared else self._own.count(name, member, at, span, rule.most))
        return Attempt(name, member, shared)

    async def take_back(self, attempt: Attempt) -> None:
        """Uncount an attempt: it was no failure."""
        if attempt.shared:
            await self._redis.eval(_TAKE_BACK, [attempt.key], [attempt.member])
        else:
            self._own.take_back(attempt.key, attempt.member)

    async def take(self, rule: TokenBucket, key: str, now: datetime) -> None:
        """Take a token. Raises Problem 429 when there is none."""
        name, at, each = self._name(rule.name, key), now.timestamp() * 1000, 1000 / rule.per_second
        wait = await self._redis.eval(_TAKE, [name], [at, rule.burst, each])
        _refuse(wait if wait is not None else self._own.take(name, at, rule.burst, each))

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

    def count(self, key: str, member: str, now: float, span: float, most: int) -> float:
        attempts = self._windows.setdefault(key, {})
        _keep_small(self._windows, key)
        for old in [old for old, at in attempts.items() if at <= now - span]:
            del attempts[old]
        if len(attempts) >= most:
            return max(1.0, min(attempts.values()) + span - now)
        attempts[member] = now
        return 0

    def take_back(self, key: str, member: str) -> None:
        self._windows.get(key, {}).pop(member, None)

    def take(self, key: str, now: float, burst: int, each: float) -> float:
        full = max(self._buckets.get(key, 0.0), now)
        wait = full - now - (burst - 1) * each
        if wait > 0:
            return wait
        self._buckets[key] = full + each
        _keep_small(self._buckets, key)
        return 0


def _keep_small(counts: OrderedDict[str, Any], key: str) -> None:
    counts.move_to_end(key)
    if len(counts) > MOST_KEYS:
        counts.popitem(last=False)
