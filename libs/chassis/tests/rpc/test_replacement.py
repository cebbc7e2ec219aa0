"""A peer is replaced, and no call of its callers fails."""

import asyncio

import pytest

from chassis.rpc import server as rpc_server
from chassis.testing.name_server import NameServer
from chassis.testing.running import eventually
from elcorp.compliance.v1.compliance_pb2_grpc import ScreeningServiceStub


@pytest.fixture
def short_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {**dict(rpc_server.OPTIONS), "grpc.max_connection_age_ms": 200}
    monkeypatch.setattr(rpc_server, "OPTIONS", list(options.items()))


@pytest.mark.usefixtures("short_connections")
async def test_no_call_fails_while_the_only_peer_is_replaced(connect_to, serve, ask, screening, other_screening):
    names = await NameServer.start("127.0.0.1")
    stop = asyncio.Event()

    async def call_repeatedly(stub: ScreeningServiceStub) -> None:
        while not stop.is_set():
            # Raises if a call fails.
            await stub.ScreenTransfers(ask(), timeout=60)  # type: ignore[misc]  # the stub's types are those of synchronous calls

    async def has_moved() -> bool:
        before, other = screening.calls, other_screening.calls
        await eventually(lambda: other_screening.calls > other + 20)
        return bool(screening.calls == before)

    try:
        async with (
            serve(screening) as old,
            serve(other_screening, host="127.0.0.2", port=old.port),
            connect_to(f"dns://127.0.0.1:{names.port}/compliance.test:{old.port}") as channel,
            asyncio.TaskGroup() as callers,
        ):
            for _ in range(4):
                callers.create_task(call_repeatedly(ScreeningServiceStub(channel)))
            await eventually(lambda: screening.calls > 20)
            # As in a cluster: the name points elsewhere while the old pod still answers.
            names.addresses = ["127.0.0.2"]
            await eventually(has_moved)
            await old.stop(60)
            seen = other_screening.calls
            await eventually(lambda: other_screening.calls > seen + 20)
            stop.set()
    finally:
        names.close()
