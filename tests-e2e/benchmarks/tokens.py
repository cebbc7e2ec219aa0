"""The cost of checking a token: its signature, and whether its session has ended."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import load
from benchmarks.bank import Bank
from benchmarks.results import Result
from chassis.auth.access_control import AccessControl
from chassis.auth.claims import Claims
from chassis.auth.ended_memberships import EndedMemberships
from chassis.auth.revocations import Revocations
from chassis.auth.subject_roles import SubjectRoles
from chassis.policies.engine import Policies
from chassis.testing.tokens import TokenForge
from kernel.clock import SystemClock
from kernel.ids import new_id

CHECKS = 3_000
PAIRS = 5
ROUNDS = 20
# The sessions that end in a quarter of an hour at 11 per second.
ENDED = 10_000


def token_check(bank: Bank) -> list[Result]:
    """The cost of the gateway's token check, and what the list of ended sessions adds to the cheapest request."""
    return [*asyncio.run(_token_check()), *_ended_sessions(bank)]


async def _token_check() -> list[Result]:
    forge = TokenForge()
    verifier = forge.verifier()
    tokens = [forge.token(new_id()) for _ in range(CHECKS)]
    first, again = [await _timed_ms(verifier.verify, tokens) for _ in range(2)]
    return [
        Result.below("token check, first time: p99", _p99(first), "ms", target=0.4),
        Result.below("token check, seen before: p99", _p99(again), "ms", target=0.4),
    ]


async def _timed_ms(check: Callable[[str], Awaitable[object]], tokens: list[str]) -> list[float]:
    spent = []
    for token in tokens:
        began = time.perf_counter()
        await check(token)
        spent.append((time.perf_counter() - began) * 1000)
    return spent


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


@dataclass(frozen=True, slots=True)
class _Unchecked(AccessControl):
    """Access control without the check for ended sessions."""

    def _refuse_ended(self, claims: Claims, *, strictly: bool) -> None:
        """Refuse nobody."""


def _ended_sessions(bank: Bank) -> list[Result]:
    """Five alternating pairs of authentications with and without the ended sessions, beside a read of a wallet at its service."""
    person, url = bank.people[0], bank.platform.service_url("payments")
    read = load.reads(url, person, f"/api/v1/wallets/{person.wallet_id}", connections=1, seconds=3)
    with_list, without = asyncio.run(_pairs())
    added_us = median(a - b for a, b in zip(with_list, without, strict=True))
    checked_us, unchecked_us, read_us = median(with_list), median(without), read.p50_ms * 1000
    ratio = (read_us + added_us) / read_us
    return [
        Result("authenticate, ended sessions known", checked_us, "us", unchecked_us, checked_us / unchecked_us),
        Result("ended sessions add to a read, p50", added_us, "us", read_us, ratio, "ratio <= 1.01", met=ratio <= 1.01),
    ]


async def _pairs() -> tuple[list[float], list[float]]:
    forge, clock, revocations = TokenForge(), SystemClock(), Revocations()
    for _ in range(ENDED):
        revocations.end(new_id(), time.time())
    revocations.confirm()
    parts = (forge.verifier(), SubjectRoles(clock), Policies(clock), revocations, EndedMemberships(clock))
    tokens = [forge.token(new_id()) for _ in range(CHECKS)]
    sides = AccessControl(*parts), _Unchecked(*parts)
    spent: tuple[list[float], list[float]] = [], []
    for access in sides:
        await _microseconds(access, tokens)
    for pair in range(PAIRS):
        # Each goes first in turn, so that neither gains from its position.
        for side in (0, 1) if pair % 2 else (1, 0):
            spent[side].append(await _microseconds(sides[side], tokens))
    return spent


async def _microseconds(access: AccessControl, tokens: Sequence[str]) -> float:
    """Return the average time of one call. It is CPU time, so that other processes do not count."""
    began = time.process_time()
    for _ in range(ROUNDS):
        for token in tokens:
            await access.authenticate(token)
    return (time.process_time() - began) * 1e6 / (ROUNDS * len(tokens))
