"""Queries to identity about subjects: one suite for the fake and for the adapter, which uses a real server and channel."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from chassis.rpc import RpcService, connect
from elcorp.identity.v1 import identity_pb2, identity_pb2_grpc
from governance.application.ports.subjects import Subjects
from governance.domain.errors import UnknownSubject
from governance.infrastructure.subjects import IdentitySubjects
from governance.settings import GovernanceSettings
from kernel.errors import NotFound, Unavailable
from kernel.ids import new_id
from services.governance.tests.contract.rpc import serve_rpc
from services.governance.tests.fakes.subjects import FakeSubjects

ACTIVE, SUSPENDED = new_id(), new_id()


@dataclass
class Identity(identity_pb2_grpc.IdentityServiceServicer):
    """The service that governance calls."""

    active: dict[str, bool] = field(default_factory=dict)

    async def GetSubject(  # noqa: N802  # the proto's name
        self, request: identity_pb2.GetSubjectRequest, context: Any
    ) -> identity_pb2.GetSubjectResponse:
        if request.subject_id not in self.active:
            raise NotFound(subject_id=request.subject_id)
        return identity_pb2.GetSubjectResponse(subject_id=request.subject_id, active=self.active[request.subject_id])

    async def GetSubjects(  # noqa: N802  # the proto's name
        self, request: identity_pb2.GetSubjectsRequest, context: Any
    ) -> identity_pb2.GetSubjectsResponse:
        known = [
            identity_pb2.Subject(subject_id=each, active=self.active[each]) for each in request.subject_ids if each in self.active
        ]
        return identity_pb2.GetSubjectsResponse(subjects=known)


@pytest.fixture(params=["fake", "identity"])
async def subjects(request: pytest.FixtureRequest) -> AsyncIterator[Subjects]:
    if request.param == "fake":
        yield FakeSubjects(active={ACTIVE}, suspended={SUSPENDED})
        return
    identity = Identity({str(ACTIVE): True, str(SUSPENDED): False})  # type: ignore[abstract]  # implements only the methods that governance calls
    service = RpcService(identity_pb2_grpc.add_IdentityServiceServicer_to_server, identity, "elcorp.identity.v1.IdentityService")
    async with (
        serve_rpc([service]) as target,
        connect(GovernanceSettings(identity_target=target), "identity") as channel,
    ):
        yield IdentitySubjects(channel)


@pytest.fixture(params=["fake", "identity"])
async def silent_subjects(request: pytest.FixtureRequest) -> AsyncIterator[Subjects]:
    if request.param == "fake":
        yield FakeSubjects(away=True)
        return
    async with connect(GovernanceSettings(identity_target="dns:///127.0.0.1:1"), "identity") as channel:
        yield IdentitySubjects(channel)


async def test_identity_answers_who_may_act(subjects: Subjects) -> None:
    assert await subjects.is_active(ACTIVE)
    assert not await subjects.is_active(SUSPENDED)
    assert await subjects.active_of([ACTIVE, SUSPENDED, new_id()]) == {ACTIVE}
    with pytest.raises(UnknownSubject):
        await subjects.is_active(new_id())


async def test_without_an_answer_of_identity_subjects_are_unavailable(silent_subjects: Subjects) -> None:
    with pytest.raises(Unavailable):
        await silent_subjects.is_active(new_id())
    with pytest.raises(Unavailable):
        await silent_subjects.active_of([new_id()])
