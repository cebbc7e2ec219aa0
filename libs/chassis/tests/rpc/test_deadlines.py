import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.rpc import RemoteUnavailable, remaining_seconds, within
from chassis.rpc.deadlines import CALL_SECONDS, LEAST_SECONDS, MARGIN_SECONDS, call_timeout
from kernel.errors import Unavailable

SLACK_SECONDS = 0.05
# gRPC rounds timeouts up on the wire; the margin is wider.
WIRE_ROUNDING_SECONDS = 0.015


@given(own=st.floats(0.001, 100) | st.none(), budget=st.floats(-1, 100))
def test_a_call_never_outlives_the_request_it_serves(own, budget):
    with within(budget):
        try:
            timeout = call_timeout(own)
        except Unavailable:
            assert budget < MARGIN_SECONDS + LEAST_SECONDS + SLACK_SECONDS
            return
    assert timeout is not None
    assert timeout <= (CALL_SECONDS if own is None else own)
    assert timeout <= budget - MARGIN_SECONDS
    assert budget >= MARGIN_SECONDS + LEAST_SECONDS


@given(outer=st.floats(0.5, 100), inner=st.floats(0.5, 100))
def test_a_deadline_is_only_ever_brought_nearer(outer, inner):
    with within(outer):
        with within(inner):
            remaining = remaining_seconds()
        restored = remaining_seconds()
    assert remaining is not None
    assert restored is not None
    assert min(outer, inner) - SLACK_SECONDS < remaining <= min(outer, inner)
    assert restored > outer - SLACK_SECONDS
    assert remaining_seconds() is None


async def test_the_server_sees_the_inherited_time_less_the_margin(stub, screening, ask):
    seen: list[float] = []

    async def look() -> None:
        seen.append(remaining_seconds() or 0)

    screening.answer = look
    with within(0.4):
        await stub.ScreenTransfers(ask())
    await stub.ScreenTransfers(ask())
    await stub.ScreenTransfers(ask(), timeout=0.3)
    assert 0.2 < seen[0] <= 0.4 - MARGIN_SECONDS + WIRE_ROUNDING_SECONDS
    assert 0.8 < seen[1] <= CALL_SECONDS + WIRE_ROUNDING_SECONDS
    assert 0.1 < seen[2] <= 0.3 + WIRE_ROUNDING_SECONDS


async def test_a_call_within_a_call_inherits_what_is_left(stub, screening, ask):
    """Deadlines do not propagate by themselves in gRPC: here they do, hop by hop."""
    seen: list[float] = []

    async def call_again() -> None:
        seen.append(remaining_seconds() or 0)
        if len(seen) == 1:
            await asyncio.sleep(0.1)
            await stub.ScreenTransfers(ask())

    screening.answer = call_again
    await stub.ScreenTransfers(ask(), timeout=0.5)
    assert seen[1] <= seen[0] - 0.1 - MARGIN_SECONDS + WIRE_ROUNDING_SECONDS


async def test_with_too_little_time_the_peer_is_not_asked(stub, screening, ask):
    with within(0.015), pytest.raises(Unavailable):
        await stub.ScreenTransfers(ask())
    assert screening.calls == 0


async def test_a_slow_peer_is_unavailable_and_its_work_is_cancelled(stub, screening, ask):
    cancelled = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    screening.answer = hang
    with pytest.raises(RemoteUnavailable):
        await stub.ScreenTransfers(ask(), timeout=0.2)
    await cancelled.wait()


async def test_a_caller_without_a_deadline_gets_one_all_the_same(plain_stub, screening, ask):
    seen: list[float] = []

    async def look() -> None:
        seen.append(remaining_seconds() or 0)

    screening.answer = look
    await plain_stub.ScreenTransfers(ask(), metadata=(("x-elcorp-service", "payments"),))
    assert 0 < seen[0] <= 10
