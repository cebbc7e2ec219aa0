"""A peer with two replicas: calls go to both, and one that dies loses no call that may be repeated."""

import asyncio

from chassis.testing.running import eventually
from elcorp.compliance.v1.compliance_pb2_grpc import ScreeningServiceStub

# More than one replica handles at once for one client.
CALLS = 50


def target(*ports: int) -> str:
    return "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)


async def connected(stub: ScreeningServiceStub, ask, *replicas) -> None:
    """Call until each replica has had a call."""

    async def are_all() -> bool:
        await stub.ScreenTransfers(ask(), timeout=60)  # type: ignore[misc]  # the stub's types are those of synchronous calls
        return all(replica.calls for replica in replicas)

    await eventually(are_all)


async def test_calls_go_to_both_replicas_in_turn(connect_to, serve, ask, screening, other_screening):
    async with serve(screening) as one, serve(other_screening) as other, connect_to(target(one.port, other.port)) as channel:
        stub = ScreeningServiceStub(channel)
        await connected(stub, ask, screening, other_screening)
        before = screening.calls, other_screening.calls
        for _ in range(CALLS):
            await stub.ScreenTransfers(ask(), timeout=60)
    assert (screening.calls - before[0], other_screening.calls - before[1]) == (CALLS // 2, CALLS // 2)


async def test_a_replica_that_dies_loses_no_call_that_may_be_repeated(
    connect_to, serve, ask, screening, other_screening, fault_proxy
):
    go_on = asyncio.Event()

    async def hold() -> None:
        await go_on.wait()

    async with serve(screening) as one, serve(other_screening) as other:
        # A killed process: the kernel resets its connections and refuses new ones.
        dying = await fault_proxy("127.0.0.1", other.port)
        async with connect_to(target(one.port, dying.port)) as channel:
            stub = ScreeningServiceStub(channel)
            await connected(stub, ask, screening, other_screening)
            before = screening.calls, other_screening.calls
            other_screening.answer = hold
            calls = [asyncio.ensure_future(stub.ScreenTransfers(ask(), timeout=60)) for _ in range(2 * CALLS)]
            await eventually(lambda: other_screening.calls, before[1] + CALLS)
            dying.refuse()
            answers = await asyncio.gather(*calls)
            go_on.set()
    assert all(answer.verdicts[0].clear for answer in answers)
    assert (screening.calls, other_screening.calls) == (before[0] + 2 * CALLS, before[1] + CALLS)
