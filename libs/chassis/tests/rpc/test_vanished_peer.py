"""A peer whose packets are lost: calls fail by their deadlines, and the connection is given up while it is still silent."""

import pytest

from chassis.rpc import RemoteUnavailable, client
from chassis.testing.running import eventually
from elcorp.compliance.v1 import compliance_pb2_grpc

# Short enough for a test, and long enough for a busy machine to answer.
QUICK = {"grpc.keepalive_time_ms": 1000, "grpc.keepalive_timeout_ms": 1000, "grpc.http2.ping_timeout_ms": 1000}


async def test_the_connection_to_a_vanished_peer_is_given_up(screening, ask, serve, connect_to, fault_proxy, monkeypatch):
    # gRPC has no controllable clock: the same parts with shorter times.
    monkeypatch.setattr(client, "OPTIONS", [(name, QUICK.get(name, value)) for name, value in client.OPTIONS])
    async with serve(screening) as server:
        proxy = await fault_proxy("127.0.0.1", server.port)
        async with connect_to(f"127.0.0.1:{proxy.port}") as channel:
            stub = compliance_pb2_grpc.ScreeningServiceStub(channel)
            await stub.ScreenTransfers(ask())
            proxy.blackhole()
            with pytest.raises(RemoteUnavailable):
                await stub.ScreenTransfers(ask(), timeout=0.5)
            # It connects again, although nothing has closed the silent connection. gRPC's own limit for a ping is a minute.
            await eventually(lambda: proxy.accepted > 1, seconds=45)
            await proxy.heal()

            async def answers() -> bool:
                try:
                    await stub.ScreenTransfers(ask())
                except RemoteUnavailable:
                    return False
                return True

            await eventually(answers)


def test_a_vanished_peer_is_given_up_within_fifteen_seconds():
    assert client.KEEPALIVE_MS + client.KEEPALIVE_ANSWER_MS_MAX <= 15_000
