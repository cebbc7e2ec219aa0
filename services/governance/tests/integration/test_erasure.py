"""What governance does about a user who is erased."""

import asyncio

import pytest

from chassis.database import Database
from chassis.testing.clocks import ControlledClock
from elcorp.governance.v1.events_pb2 import ErasureAcknowledged, SubjectRolesChanged
from governance.application import Governance
from governance.application.acknowledge_erasure import LAST_ADMINISTRATOR, AcknowledgeErasure
from governance.bootstrap import build, unit_of_work
from kernel.actor import Actor
from kernel.ids import new_id
from services.governance.tests.fakes import FakeSubjects
from services.governance.tests.integration.test_concurrency import sent

SERVICE = Actor.service("governance")


@pytest.fixture
def app(database: Database, clock: ControlledClock) -> Governance:
    return build(database, FakeSubjects(), clock)


@pytest.fixture
def acknowledge(database: Database, clock: ControlledClock) -> AcknowledgeErasure:
    return AcknowledgeErasure(unit_of_work(database), clock)


async def test_every_role_goes_and_identity_is_told(app: Governance, acknowledge: AcknowledgeErasure, database: Database) -> None:
    user, erasure = new_id(), new_id()
    await app.grant_initial_role(actor=SERVICE, subject_id=user)
    for _ in range(2):
        await acknowledge(actor=SERVICE, erasure_id=erasure, user_id=user)
    assert (await app.get_subject_roles(subject_id=user)).roles == ()
    told = await sent(database, ErasureAcknowledged)
    assert [(each.erasure_id, each.user_id, list(each.kept)) for each in told] == [(str(erasure), str(user), [])] * 2
    assert list((await sent(database, SubjectRolesChanged))[-1].roles) == []


async def test_stranger_is_acknowledged_too(acknowledge: AcknowledgeErasure, database: Database) -> None:
    await acknowledge(actor=SERVICE, erasure_id=new_id(), user_id=new_id())
    assert len(await sent(database, ErasureAcknowledged)) == 1


async def test_last_administrator_stays_one(app: Governance, acknowledge: AcknowledgeErasure, database: Database) -> None:
    first, second = new_id(), new_id()
    for user in (first, second):
        await app.grant_initial_role(actor=SERVICE, subject_id=user, role="admin")
    await asyncio.gather(*(acknowledge(actor=SERVICE, erasure_id=new_id(), user_id=user) for user in (first, second)))
    held = [(await app.get_subject_roles(subject_id=user)).roles for user in (first, second)]
    assert sorted(held) == [(), ("admin",)]
    assert sorted(list(each.kept) for each in await sent(database, ErasureAcknowledged)) == [[], [LAST_ADMINISTRATOR]]
