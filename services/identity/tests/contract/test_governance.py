"""How identity asks governance about authority, over a real channel."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from chassis.rpc import RemoteError, RpcServer, RpcService, connect
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from identity.domain.errors import BeyondAuthority, LastAdministrator
from identity.infrastructure.governance import GovernanceAuthority
from identity.settings import IdentitySettings
from kernel.errors import DomainError, Kind, Unavailable
from kernel.ids import new_id


class Beyond(DomainError):
    """As governance reports it."""

    kind = Kind.DENIED
    code = "ACC_003"


class Last(DomainError):
    """As governance reports it."""

    kind = Kind.REFUSED
    code = "GOV_002"


class Other(DomainError):
    """An error that identity does not know."""

    kind = Kind.REFUSED
    code = "GOV_999"


@dataclass
class Governance(governance_pb2_grpc.StandingServiceServicer):
    refusal: DomainError | None = None
    requests: list[Any] = field(default_factory=list)

    async def RequireAuthority(  # noqa: N802  # the proto's name
        self, request: governance_pb2.RequireAuthorityRequest, context: Any
    ) -> governance_pb2.RequireAuthorityResponse:
        self._note(request)
        return governance_pb2.RequireAuthorityResponse()

    async def DisableSubject(  # noqa: N802  # the proto's name
        self, request: governance_pb2.DisableSubjectRequest, context: Any
    ) -> governance_pb2.DisableSubjectResponse:
        self._note(request)
        return governance_pb2.DisableSubjectResponse()

    def _note(self, request: Any) -> None:
        self.requests.append(request)
        if self.refusal:
            raise self.refusal


@pytest.fixture
def governance() -> Governance:
    return Governance()


@pytest.fixture
async def authority(governance: Governance, settings: IdentitySettings) -> AsyncIterator[GovernanceAuthority]:
    services = [
        # A channel watches the health of the peer's first service.
        RpcService(
            governance_pb2_grpc.add_PolicyServiceServicer_to_server,
            governance_pb2_grpc.PolicyServiceServicer(),  # type: ignore[abstract]  # it is not called
            "elcorp.governance.v1.PolicyService",
        ),
        RpcService(governance_pb2_grpc.add_StandingServiceServicer_to_server, governance, "elcorp.governance.v1.StandingService"),
    ]
    server = RpcServer("127.0.0.1", 0, services)
    await server.start()
    target = settings.model_copy(update={"governance_target": f"dns:///127.0.0.1:{server.port}"})
    async with connect(target, "governance") as channel:
        yield GovernanceAuthority(channel)
    await server.stop(grace_seconds=1)


async def test_governance_is_asked_who_acts_on_whom(authority: GovernanceAuthority, governance: Governance) -> None:
    actor, subject = new_id(), new_id()
    await authority.require(actor_id=actor, subject_id=subject)
    await authority.disable(actor_id=actor, subject_id=subject, version=7)
    ids = {"actor_id": str(actor), "subject_id": str(subject)}
    assert governance.requests == [
        governance_pb2.RequireAuthorityRequest(**ids),
        governance_pb2.DisableSubjectRequest(**ids, version=7),
    ]


@pytest.mark.parametrize(
    ("refusal", "raised"), [(Beyond(), BeyondAuthority), (Last(), LastAdministrator), (Other(), RemoteError)]
)
async def test_a_refusal_is_raised_as_identitys_own_error(
    authority: GovernanceAuthority, governance: Governance, refusal: DomainError, raised: type[DomainError]
) -> None:
    governance.refusal = refusal
    for asked in (_require, _disable):
        with pytest.raises(raised) as refused:
            await asked(authority)
        assert (refused.value.kind, refused.value.code) == (refusal.kind, refusal.code)


async def test_no_answer_is_no_permission(settings: IdentitySettings) -> None:
    nowhere = settings.model_copy(update={"governance_target": "dns:///127.0.0.1:1"})
    async with connect(nowhere, "governance") as channel:
        with pytest.raises(Unavailable):
            await _disable(GovernanceAuthority(channel))


async def _require(authority: GovernanceAuthority) -> None:
    await authority.require(actor_id=new_id(), subject_id=new_id())


async def _disable(authority: GovernanceAuthority) -> None:
    await authority.disable(actor_id=new_id(), subject_id=new_id(), version=1)
