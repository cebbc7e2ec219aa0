import asyncio

import pytest

from gateway.bodies import BodyLimits, BodyTime, OpenBodies, Uploads
from gateway.error_responses import Refusal
from gateway.settings import GatewaySettings

KIB = 1024
LIMITS = GatewaySettings().body_limits()


class Loop:
    """A clock for the event loop."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    return loop


def wait(time: BodyTime, loop: Loop, seconds: float) -> float:
    """Wait for the client for some seconds; return how long the wait could have lasted."""
    with time.waiting() as allowed:
        loop.now += seconds
    return allowed


@pytest.mark.parametrize(
    ("length", "seconds"), [(0, 10), (16 * KIB, 11), (64 * KIB, 14), (800 * KIB, 60), (1024 * KIB, 60), (8192 * KIB, 60)]
)
def test_a_body_has_ten_seconds_and_one_more_for_each_16_kib_up_to_a_minute(length: int, seconds: float) -> None:
    assert LIMITS.seconds_for(length) == seconds


def test_a_route_for_files_gives_a_slow_one_more_time(loop: Loop) -> None:
    assert LIMITS.seconds_for(8192 * KIB, seconds_max=600) == 522
    assert LIMITS.seconds_for(8192 * KIB, seconds_max=1) == LIMITS.seconds_for(8192 * KIB)
    time = BodyTime(LIMITS, 8192 * KIB, seconds_max=600)
    # It may not be silent for longer.
    assert [wait(time, loop, 10) for _ in range(52)] == [10] * 52
    assert wait(time, loop, 0) == 2


def test_a_declared_length_sets_the_total_time(loop: Loop) -> None:
    time = BodyTime(LIMITS, 64 * KIB)
    # No silence may last longer than ten seconds, however much total time is left.
    assert wait(time, loop, 9) == 10
    time.arrived(1)
    assert wait(time, loop, 4) == 5
    assert wait(time, loop, 1) == 1
    assert wait(time, loop, 0) == 0


def test_without_a_length_the_time_depends_on_what_has_arrived(loop: Loop) -> None:
    time = BodyTime(LIMITS, None)
    assert wait(time, loop, 9) == 10
    assert wait(time, loop, 0) == 1
    time.arrived(32 * KIB)
    assert wait(time, loop, 3) == 3
    time.arrived(8192 * KIB)
    for _ in range(4):
        assert wait(time, loop, 10) == 10
    assert wait(time, loop, 0) == 60 - 9 - 3 - 40


def test_only_time_spent_waiting_for_the_client_counts(loop: Loop) -> None:
    time = BodyTime(LIMITS, 0)
    assert wait(time, loop, 2) == 10
    loop.now += 1000
    assert wait(time, loop, 0) == 8


def test_the_open_bodies_of_an_address_are_limited() -> None:
    bodies = OpenBodies(LIMITS)
    places = [bodies.take("41.182.0.9") for _ in range(32)]
    with pytest.raises(Refusal) as caught:
        bodies.take("41.182.0.9")
    assert (caught.value.status, caught.value.code, caught.value.headers) == (429, "RATE_001", {"retry-after": "2"})
    other = bodies.take("41.182.0.10")
    bodies.release(places[0])
    bodies.take("41.182.0.9")
    assert len(bodies) == 33
    for place in [*places, other]:
        bodies.release(place)
    assert len(bodies) == 0


def test_the_addresses_of_an_ipv6_network_share_their_open_bodies() -> None:
    bodies = OpenBodies(BodyLimits(seconds=1, bytes_per_second=1, seconds_max=1, whole_bytes_max=1, open_max=1))
    bodies.take("2001:db8:1:2::1")
    with pytest.raises(Refusal):
        bodies.take("2001:db8:1:2:ffff::9")
    bodies.take("2001:db8:1:3::1")


def test_uploads_leave_connections_for_other_requests() -> None:
    uploads = Uploads(1)
    with uploads.place("identity"):
        with pytest.raises(Refusal) as caught, uploads.place("identity"):
            pass
        assert (caught.value.status, caught.value.code) == (503, "SRV_002")
        with uploads.place("payments"):
            pass
    with uploads.place("identity"):
        pass
