"""A screening service controlled by the test, behind a real server and a real channel."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from grpc import aio

from chassis.rpc import RpcServer, RpcService, connect
from chassis.settings import ServiceSettings
from chassis.testing.certificates import Authority, MountedSecret
from elcorp.common.v1 import money_pb2
from elcorp.compliance.v1 import compliance_pb2 as compliance
from elcorp.compliance.v1 import compliance_pb2_grpc
from kernel.ids import new_id
from libs.chassis.tests.rpc.mounted_certificates import NAMES, Ticks, watching

NAME = "elcorp.compliance.v1.ScreeningService"


class PaymentsSettings(ServiceSettings):
    NAME: ClassVar[str] = "payments"
    PEERS: ClassVar[tuple[str, ...]] = ("compliance",)


class GovernanceSettings(ServiceSettings):
    """A service that compliance's contract does not name."""

    NAME: ClassVar[str] = "governance"
    PEERS: ClassVar[tuple[str, ...]] = ("compliance",)


class Screening(compliance_pb2_grpc.ScreeningServiceServicer):
    """Answers with `answer`, and counts the calls."""

    def __init__(self) -> None:
        self.calls = 0
        self.answer: Callable[[], Awaitable[None]] = self.clear

    async def clear(self) -> None:
        await asyncio.sleep(0)

    async def ScreenTransfers(self, request, context):  # noqa: N802  # gRPC's name
        self.calls += 1
        await self.answer()
        return compliance.ScreenTransfersResponse(verdicts=[compliance.Verdict(clear=True)])


def request() -> compliance.ScreenTransfersRequest:
    return compliance.ScreenTransfersRequest(
        transfers=[
            compliance.Screening(
                initiator_id=str(new_id()),
                source_id=str(new_id()),
                target_id=str(new_id()),
                amount=money_pb2.Money(amount="1.00", currency="NAD"),
            )
        ]
    )


@asynccontextmanager
async def served(
    servicer: object,
    *more: RpcService,
    host: str = "127.0.0.1",
    port: int = 0,
    **options: Any,
):
    add = compliance_pb2_grpc.add_ScreeningServiceServicer_to_server
    server = RpcServer(host, port, [RpcService(add, servicer, NAME), *more], **options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(0)


@asynccontextmanager
async def channel_to(
    target: str, *, caller: type[ServiceSettings] = PaymentsSettings, **settings: Path
) -> AsyncIterator[aio.Channel]:
    async with connect(caller.model_validate({"compliance_target": target, **settings}), "compliance") as channel:
        yield channel


@pytest.fixture(autouse=True)
def patient_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give calls a long deadline: their duration depends on the machine."""
    monkeypatch.setattr("chassis.rpc.deadlines.CALL_SECONDS", 9.0)


@pytest.fixture
def ask():
    return request


@pytest.fixture
def serve():
    return served


@pytest.fixture
def connect_to():
    return channel_to


@pytest.fixture
def unnamed() -> type[ServiceSettings]:
    return GovernanceSettings


@pytest.fixture
def other_screening() -> Screening:
    return Screening()


@pytest.fixture
def screening() -> Screening:
    return Screening()


@pytest.fixture
async def server(screening: Screening) -> AsyncIterator[RpcServer]:
    async with served(screening) as server:
        yield server


@pytest.fixture
async def stub(server: RpcServer) -> AsyncIterator[compliance_pb2_grpc.ScreeningServiceStub]:
    async with channel_to(f"127.0.0.1:{server.port}") as channel:
        yield compliance_pb2_grpc.ScreeningServiceStub(channel)


@pytest.fixture
async def plain_stub(server: RpcServer) -> AsyncIterator[compliance_pb2_grpc.ScreeningServiceStub]:
    """A stub without our interceptors, as any gRPC client has it."""
    async with aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield compliance_pb2_grpc.ScreeningServiceStub(channel)


@pytest.fixture
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def mount(tmp_path_factory, authority):
    """Mount a certificate, signed by this authority unless another is given."""

    def mounted(side, issued=None, authorities=None):
        folder = tmp_path_factory.mktemp(side)
        return MountedSecret(folder, issued or authority.certify(*NAMES[side]), authorities or authority.pem)

    return mounted


@pytest.fixture
def watched(mount):
    """Return a mounted certificate, and a process's watcher of it with a clock that the test moves."""
    mounted, ticks = mount("client"), Ticks()
    return watching(mounted, ticks), mounted, ticks


@pytest.fixture
def always_looking(monkeypatch):
    """Check the files at each call and handshake, so that no test waits for the next second."""
    monkeypatch.setattr("chassis.rpc.tls.LOOK_EVERY_SECONDS", 0.0)
