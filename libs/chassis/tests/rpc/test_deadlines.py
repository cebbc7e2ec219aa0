import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.rpc import RemoteUnavailable, deadlines, remaining_seconds, within
from chassis.rpc.deadlines import LEAST_SECONDS, MARGIN_SECONDS, call_timeout
from chassis.rpc.served_call import SERVING_SECONDS_MAX, budget_seconds
from kernel.errors import Unavailable

# Tolerance for sums of floats.
SLACK_SECONDS = 0.000_001
# gRPC rounds timeouts up on the wire; the margin is larger.
WIRE_ROUNDING_SECONDS = 0.015


@contextmanager
def no_time_passes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deadlines, "time", SimpleNamespace(monotonic=lambda: 1000.0))
        yield


@given(own=st.floats(0.001, 100) | st.none(), budget=st.floats(-1, 100))
def test_a_call_never_outlasts_the_request_it_serves(own, budget):
    with no_time_passes(), within(budget):
        try:
            timeout = call_timeout(own)
        except Unavailable:
            assert budget < MARGIN_SECONDS + LEAST_SECONDS + SLACK_SECONDS
            return
    assert timeout == pytest.approx(min(deadlines.CALL_SECONDS if own is None else own, budget - MARGIN_SECONDS))
    assert budget >= MARGIN_SECONDS + LEAST_SECONDS - SLACK_SECONDS


@given(outer=st.floats(0.5, 100), inner=st.floats(0.5, 100))
def test_a_deadline_can_only_be_shortened(outer, inner):
    with no_time_passes(), within(outer):
        with within(inner):
            remaining = remaining_seconds()
        restored = remaining_seconds()
    assert remaining is not None
    assert restored is not None
    assert remaining == pytest.approx(min(outer, inner))
    assert restored == pytest.approx(outer)
    assert remaining_seconds() is None


async def test_the_server_sees_the_inherited_time_minus_the_margin(stub, screening, ask):
    seen: list[float] = []

    async def look() -> None:
        seen.append(remaining_seconds() or 0)

    screening.answer = look
    with within(7):
        await stub.ScreenTransfers(ask())
    await stub.ScreenTransfers(ask())
    await stub.ScreenTransfers(ask(), timeout=5)
    assert 5 < seen[0] <= 7 - MARGIN_SECONDS + WIRE_ROUNDING_SECONDS
    assert 7 < seen[1] <= deadlines.CALL_SECONDS + WIRE_ROUNDING_SECONDS
    assert 3 < seen[2] <= 5 + WIRE_ROUNDING_SECONDS


async def test_a_call_within_a_call_inherits_what_is_left(stub, screening, ask):
    """gRPC does not propagate deadlines by itself; our interceptors do, hop by hop."""
    seen: list[float] = []

    async def call_again() -> None:
        seen.append(remaining_seconds() or 0)
        if len(seen) == 1:
            # The time to subtract passes on the real clock, which is gRPC's own.
            await asyncio.sleep(0.1)
            await stub.ScreenTransfers(ask())

    screening.answer = call_again
    await stub.ScreenTransfers(ask(), timeout=50)
    assert seen[1] <= seen[0] - 0.1 - MARGIN_SECONDS + WIRE_ROUNDING_SECONDS


async def test_with_too_little_time_the_peer_is_not_called(stub, screening, ask):
    with within(0.015), pytest.raises(Unavailable):
        await stub.ScreenTransfers(ask())
    assert screening.calls == 0


async def test_a_slow_peer_is_unavailable_and_its_work_is_cancelled(stub, screening, ask):
    entered, cancelled = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    screening.answer = hang
    # On a busy machine the time may pass before the call arrives; then the test repeats it with more time.
    for seconds in (0.2, 2, 20):
        with pytest.raises(RemoteUnavailable):
            await stub.ScreenTransfers(ask(), timeout=seconds)
        if entered.is_set():
            break
    async with asyncio.timeout(20):
        await cancelled.wait()


@pytest.mark.parametrize(("remaining", "budget"), [(None, 10), (3600, 10), (10, 10), (9.5, 9.5), (LEAST_SECONDS, LEAST_SECONDS)])
def test_a_call_is_served_for_its_callers_deadline_and_at_most_ten_seconds(remaining, budget):
    assert budget_seconds(SimpleNamespace(time_remaining=lambda: remaining), SERVING_SECONDS_MAX) == budget


@pytest.mark.parametrize("remaining", [-1, 0, 0.0049])
def test_a_call_whose_deadline_has_passed_is_not_served(remaining):
    with pytest.raises(Unavailable):
        budget_seconds(SimpleNamespace(time_remaining=lambda: remaining), SERVING_SECONDS_MAX)


@pytest.mark.parametrize("seconds", [None, 3600])
async def test_a_caller_without_a_sensible_deadline_gets_the_default(plain_stub, screening, ask, seconds):
    seen: list[float] = []

    async def look() -> None:
        seen.append(remaining_seconds() or 0)

    screening.answer = look
    await plain_stub.ScreenTransfers(ask(), metadata=(("x-elcorp-service", "payments"),), timeout=seconds)
    assert 0 < seen[0] <= 10
