"""What roles within limits and organizations cost the processes that decide."""

import asyncio
import gc
import os
import time
from collections.abc import Sequence
from statistics import median
from typing import Final
from uuid import UUID

import psycopg

from benchmarks.bank import Bank
from benchmarks.memory import megabytes
from benchmarks.results import Result
from chassis.persistence.database import Database
from chassis.policies import LimitedRole, Policies
from chassis.policies.limited_roles import LimitedRoles
from chassis.testing.policies import limited, permitting
from governance.infrastructure.local_bundles import LocalLimitedRoles
from governance.infrastructure.sql.limited_roles import SqlLimitedRoleViews
from kernel.actor import Actor, ActorKind
from kernel.clock import SystemClock
from kernel.ids import new_id

GRANTED: Final = 100_000
# Each organization with ten people who have a role for it.
ORGANIZATIONS: Final = (10, 10_000)
MEMBERS: Final = 10
DECISIONS: Final = 20_000
PAIRS: Final = 5
_FILL: Final = """
    WITH people AS (
        INSERT INTO limited_holders (subject_id, version)
        SELECT gen_random_uuid(), 1 FROM generate_series(1, %s) RETURNING subject_id
    )
    INSERT INTO limited_assignments (id, subject_id, role, ends_at, granted_by, granted_at)
    SELECT gen_random_uuid(), subject_id, 'staff', now() + interval '1 year', 'bench', now() FROM people
"""
_EMPTY: Final = (
    "DELETE FROM limited_assignments WHERE granted_by = 'bench'",
    "DELETE FROM limited_holders h WHERE NOT EXISTS (SELECT FROM limited_assignments a WHERE a.subject_id = h.subject_id)",
)


def access(bank: Bank) -> list[Result]:
    """The copy of limited roles that each process has, and a decision with few and with many organizations."""
    with psycopg.connect(bank.platform.database_url("governance", "owner"), autocommit=True) as owner:
        owner.execute(_FILL, (GRANTED,))
        try:
            copied = asyncio.run(_copied(bank.platform.database_url("governance")))
        finally:
            for statement in _EMPTY:
                owner.execute(statement)
    return [*copied, _decisions()]


async def _copied(url: str) -> list[Result]:
    database = Database.connect(url, pool_size=1)
    source, copy = LocalLimitedRoles(SqlLimitedRoleViews(database)), LimitedRoles()
    try:
        gc.collect()
        before = megabytes(os.getpid()).resident
        began = time.monotonic()
        await copy.refresh(source)
        filled = time.monotonic() - began
        gc.collect()
        grown = megabytes(os.getpid()).resident - before
        began = time.monotonic()
        await copy.refresh(source)
        refreshed = time.monotonic() - began
    finally:
        await database.close()
    return [
        Result(f"copy of {GRANTED:,} limited roles: first filled", filled, "s"),
        Result.below(f"copy of {GRANTED:,} limited roles: refreshed", refreshed, "s", target=1),
        Result.below(f"copy of {GRANTED:,} limited roles: memory", grown, "MB", target=200),
    ]


def _decisions() -> Result:
    """Five alternating pairs of decisions about what belongs to an organization."""
    few, many = (_engine(count) for count in ORGANIZATIONS)
    spent: tuple[list[float], list[float]] = [], []
    for pair in range(PAIRS):
        for side in (0, 1) if pair % 2 else (1, 0):
            spent[side].append(_microseconds(*(few, many)[side]))
    at_few, at_many = map(median, spent)
    ratio = at_many / at_few
    name = f"decision within one of {ORGANIZATIONS[1]:,} organizations"
    return Result(name, at_many, "us", at_few, ratio, "ratio <= 1.2", met=ratio <= 1.2)


def _engine(organizations: int) -> tuple[Policies, Sequence[tuple[Actor, UUID]]]:
    policies = permitting({"user": [], "clerk": ["payment:create"]}, SystemClock())
    asked: list[tuple[Actor, UUID]] = []
    for _ in range(organizations):
        organization_id = new_id()
        for _ in range(MEMBERS):
            actor = Actor(kind=ActorKind.USER, subject_id=str(new_id()), roles=frozenset({"user"}))
            limited(policies, actor.subject_id, LimitedRole("clerk", str(organization_id)))
            asked.append((actor, organization_id))
    return policies, asked[:: max(1, len(asked) // 100)]


def _microseconds(policies: Policies, asked: Sequence[tuple[Actor, UUID]]) -> float:
    # CPU time, so that other processes do not count.
    began = time.process_time()
    for turn in range(DECISIONS):
        actor, organization_id = asked[turn % len(asked)]
        if not policies.allows_within(actor, "payment:create", organization_id):
            raise RuntimeError("the role is not in force")
    return (time.process_time() - began) * 1e6 / DECISIONS
