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

from benchmarks import load
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

ORGANIZATIONS: Final = (10, 10_000)
# Each organization has ten members with a role for it, so there are 100,000 limited roles in the end.
MEMBERS: Final = 10
GRANTED: Final = ORGANIZATIONS[1] * MEMBERS
DECISIONS: Final = 20_000
PAIRS: Final = 5
ROUNDS: Final = 3
# Each process refreshes its copy of limited roles every half minute.
COPIED_SECONDS: Final = 35
_REGISTER: Final = """
    WITH made AS (
        INSERT INTO organizations (id, kind, name, created_by, created_at, version)
        SELECT gen_random_uuid(), 'merchant', 'Bench ' || number, 'bench', now(), 1 FROM generate_series(1, %s) AS number
        RETURNING id
    ), people AS (
        SELECT id AS organization_id, gen_random_uuid() AS subject_id FROM made, generate_series(1, %s)
    ), joined AS (
        INSERT INTO memberships (organization_id, subject_id, joined_at) SELECT organization_id, subject_id, now() FROM people
    ), held AS (
        INSERT INTO limited_holders (subject_id, version) SELECT subject_id, 1 FROM people
    )
    INSERT INTO limited_assignments (id, subject_id, role, organization_id, granted_by, granted_at)
    SELECT gen_random_uuid(), subject_id, 'staff', organization_id, 'bench', now() FROM people
"""
_JOIN: Final = """
    INSERT INTO memberships (organization_id, subject_id, joined_at)
    SELECT id, %s, now() FROM organizations ORDER BY id LIMIT 1 RETURNING organization_id
"""


def access(bank: Bank) -> list[Result]:
    """What 10,000 organizations add to a request and to a decision, and the copy of limited roles that each process has."""
    few, many = ORGANIZATIONS
    person = bank.people[0]
    with psycopg.connect(bank.platform.database_url("governance", "owner"), autocommit=True) as owner:
        owner.execute(_REGISTER, (few, MEMBERS))
        [(organization_id,)] = owner.execute(_JOIN, (person.user_id,)).fetchall()
        paths = {"a wallet": f"/api/v1/wallets/{person.wallet_id}", "an organization": f"/api/v1/organizations/{organization_id}"}
        at_few = {name: _read_ms(bank, path) for name, path in paths.items()}
        owner.execute(_REGISTER, (many - few, MEMBERS))
        owner.execute("ANALYZE")
    time.sleep(COPIED_SECONDS)
    results = []
    for name, path in paths.items():
        at_many = _read_ms(bank, path)
        ratio = at_many / at_few[name]
        figure = f"read of {name} at {many:,} organizations, p50"
        results.append(Result(figure, at_many, "ms", at_few[name], ratio, "ratio <= 1.2", met=ratio <= 1.2))
    return [*results, _decisions(), *asyncio.run(_copied(bank.platform.database_url("governance")))]


def _read_ms(bank: Bank, path: str) -> float:
    """Return the p50 of reads through the gateway, one at a time: the best of some rounds."""
    return min(load.reads(bank.platform.url, bank.people[0], path, connections=1, seconds=3).p50_ms for _ in range(ROUNDS))


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
