"""What a decision costs with many policies: embedded, over gRPC, and in casbin on the same rules."""

import asyncio
import gc
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from statistics import quantiles
from typing import Final
from uuid import UUID

import casbin
import grpc
import psycopg

from benchmarks.bank import Bank
from benchmarks.memory import megabytes
from benchmarks.results import Result
from chassis.policies import Bundle, LimitedRole, Policies, Resource
from chassis.rpc.callers import SERVICE
from chassis.testing.policies import limited
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from elcorp.payments.v1.policy_questions_pb2 import PaymentFacts
from governance.domain.policies import PolicyInForce, compile_policies
from governance.domain.policy import Policy, PolicyMode
from governance.domain.policy_templates import find_template
from governance.domain.role import Permission, Role
from governance.infrastructure.cedar_reader import CedarReader
from governance.infrastructure.contract_vocabulary import contract_vocabulary
from kernel.actor import Actor, ActorKind
from kernel.clock import SystemClock
from kernel.ids import new_id

# A bundle has a permit for each role, and the policies that people wrote.
ROLES: Final = 20
POLICIES: Final = 60
MANY_POLICIES: Final = 1000
TEAMS: Final = 20
DECISIONS: Final = 4000
PEERS_CALLS: Final = 2000
LIMITED: Final = 100_000
_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_PAY: Final = "payment:create"
_PERMISSIONS: Final = (_PAY, "payment:approve", "document:view", "audit:export")
_ASSIGN: Final = "INSERT INTO role_holders (subject_id, welcomed_at, version) VALUES (%s, now(), 1) ON CONFLICT DO NOTHING"
_MODEL: Final = """
[request_definition]
r = sub, obj, act, amount
[policy_definition]
p = sub, act, limit, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.act == p.act && g(r.sub, p.sub) && (p.eft == 'allow' || above(r.amount, p.limit))
"""


def policies(bank: Bank) -> list[Result]:
    """A decision at 60 policies by a person in 20 teams, against casbin; over gRPC; and a bundle of 1,000 policies."""
    user_id = bank.people[0].user_id
    # Until the new people have reached all services.
    bank.drain()
    engine, actor, team = _engine(POLICIES - ROLES)
    cedar = _percentiles(_asking(engine, actor, team), DECISIONS)
    fresh = _percentiles(_asking_about_others(engine, actor, team), DECISIONS)
    rules = _percentiles(_enforcing(POLICIES - ROLES), DECISIONS // 10)
    return [
        Result.below(f"decision, {POLICIES} policies, {TEAMS} teams: p50", cedar[0], "us", target=150),
        Result.below(f"decision, {POLICIES} policies, {TEAMS} teams: p99", cedar[1], "us", target=500),
        Result("the same, about another wallet each time: p50", fresh[0], "us"),
        Result("the same, about another wallet each time: p99", fresh[1], "us"),
        Result("the same rules in casbin: p50", rules[0], "us", cedar[0], rules[0] / cedar[0]),
        Result("the same rules in casbin: p99", rules[1], "us", cedar[1], rules[1] / cedar[1]),
        *asyncio.run(_over_grpc(bank, user_id)),
        *_large(),
    ]


def _bundle(number: int) -> Bundle:
    """Compile as governance does: a permit for each role, and policies about amounts, hours, networks, owners and factors."""
    permissions = [Permission(name) for name in _PERMISSIONS]
    roles = []
    for index in range(ROLES):
        role = Role.create(f"role-{index}", title=f"Role {index}", description="")
        role.set_permissions(permissions)
        roles.append(role)
    in_force = []
    for index in range(number):
        whom = [f"role-{index % ROLES}"]
        templates: Sequence[tuple[str, dict[str, object]]] = (
            ("amount-limit", {"permissions": [_PAY], "amount": "900000.00", "currency": "NAD", "roles": whom}),
            ("time-window", {"permissions": ["payment:approve"], "starts": "09:00", "ends": "17:00", "roles": whom}),
            ("network-range", {"permissions": ["audit:export"], "networks": ["10.0.0.0/8"], "roles": whom}),
            ("own-resource", {"permissions": [_PAY], "roles": whom}),
        )
        template, parameters = templates[index % len(templates)]
        policy = Policy.make(f"policy-{index}", description="bench", owner="bench", by="bench", at=_AT)
        version = policy.write(find_template(template).fill(parameters, {}), by="bench", at=_AT)
        in_force.append(PolicyInForce(version, PolicyMode.ENFORCED, CedarReader().read(version.cedar)))
    compiled = compile_policies(roles, permissions, (), in_force, contract_vocabulary())
    return Bundle(1, compiled.policies, compiled.schema)


def _engine(number: int) -> tuple[Policies, Actor, Resource]:
    """Return an engine, a person with a role in each of 20 teams, and a wallet of one of the teams."""
    engine = Policies(SystemClock())
    engine.load(_bundle(number))
    person, organization = str(new_id()), str(new_id())
    teams = [str(new_id()) for _ in range(TEAMS)]
    limited(engine, person, *(LimitedRole(f"role-{index}", organization, team_id=team) for index, team in enumerate(teams)))
    wallet = Resource("wallet", str(new_id()), {"owner": person, "organization": organization, "teams": [teams[-1]]})
    return engine, Actor(kind=ActorKind.USER, subject_id=person, session_id=UUID(int=1)), wallet


def _asking(engine: Policies, actor: Actor, wallet: Resource) -> Callable[[int], bool]:
    def ask(turn: int) -> bool:
        # Another amount each time: no answer is remembered.
        return engine.allows(actor, _PAY, wallet, PaymentFacts(amount=f"{turn}.25", currency="NAD", kind="transfer"))

    return ask


def _asking_about_others(engine: Policies, actor: Actor, wallet: Resource) -> Callable[[int], bool]:
    def ask(turn: int) -> bool:
        return engine.allows(
            actor, _PAY, replace(wallet, id=str(turn)), PaymentFacts(amount="7.25", currency="NAD", kind="transfer")
        )

    return ask


def _enforcing(number: int) -> Callable[[int], bool]:
    """Return the same in casbin: a permit for each role, limits of amounts, and a person with 20 roles."""
    model = casbin.Model()
    model.load_model_from_text(_MODEL)
    enforcer = casbin.Enforcer(model)
    enforcer.add_function("above", lambda amount, limit: float(amount) > float(limit))
    enforcer.add_policies([[f"role-{index}", _PAY, "0", "allow"] for index in range(ROLES)])
    enforcer.add_policies([[f"role-{index % ROLES}", _PAY, str(900_000 + index), "deny"] for index in range(number)])
    enforcer.add_grouping_policies([["person", f"role-{index}"] for index in range(TEAMS)])

    def ask(turn: int) -> bool:
        return bool(enforcer.enforce("person", "wallet", _PAY, str(turn)))

    return ask


def _percentiles(ask: Callable[[int], bool], number: int) -> tuple[float, float]:
    """Return p50 and p99 in microseconds of CPU time, so that other processes do not count."""
    spent = []
    for turn in range(1, number + 1):
        began = time.thread_time()
        ask(turn)
        spent.append((time.thread_time() - began) * 1e6)
    cuts = quantiles(spent, n=100)
    return cuts[49], cuts[98]


async def _over_grpc(bank: Bank, user_id: object) -> list[Result]:
    """Ask governance as another service does, one call after another."""
    with psycopg.connect(bank.platform.database_url("governance", "owner"), autocommit=True) as owner:
        owner.execute(_ASSIGN, (str(user_id),))
    target = f"127.0.0.1:{bank.platform.processes.ports.of('grpc', 'governance')}"
    spent = []
    async with grpc.aio.insecure_channel(target) as channel:
        stub: governance_pb2_grpc.AuthorizationServiceAsyncStub = governance_pb2_grpc.AuthorizationServiceStub(channel)
        for turn in range(PEERS_CALLS):
            request = governance_pb2.CheckAccessRequest(
                subject_id=str(user_id), permission=_PAY, facts=f'{{"amount": "{turn}.25", "currency": "NAD"}}'
            )
            began = time.perf_counter()
            answer = await stub.CheckAccess(request, metadata=((SERVICE, "benchmark"),))
            spent.append((time.perf_counter() - began) * 1e3)
            if not answer.allowed:
                raise RuntimeError(f"denied: {answer}")
    cuts = quantiles(spent, n=100)
    return [Result("check over gRPC: p50", cuts[49], "ms"), Result.below("check over gRPC: p99", cuts[98], "ms", target=5)]


def _large() -> list[Result]:
    """A bundle of 1,000 policies with 100,000 roles within limits: memory and how long a new bundle takes."""
    made = _bundle(MANY_POLICIES - ROLES)
    gc.collect()
    before = megabytes(os.getpid()).resident
    engine = Policies(SystemClock())
    for _ in range(LIMITED):
        limited(engine, new_id(), LimitedRole("role-1", str(new_id())))
    began = time.perf_counter()
    engine.load(made)
    seconds = time.perf_counter() - began
    gc.collect()
    name = f"{MANY_POLICIES:,} policies and {LIMITED:,} limited roles"
    return [
        Result.below(f"{name}: a new bundle is loaded", seconds, "s", target=1),
        Result.below(f"{name}: memory", megabytes(os.getpid()).resident - before, "MB", target=200),
    ]
