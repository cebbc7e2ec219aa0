import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rate_limits import STEPS, WINDOW_SECONDS, WINDOWS_MAX, RateLimits, Window


class Time:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_the_limit_is_exact_and_returned() -> None:
    rates = RateLimits(3, now=Time())
    assert [rates.admit("10.0.0.1").remaining for _ in range(3)] == [2, 1, 0]
    refused = rates.admit("10.0.0.1")
    assert (refused.allowed, refused.reset_seconds) == (False, STEPS)
    assert dict(refused.headers()) == {b"ratelimit-limit": b"3", b"ratelimit-remaining": b"0", b"ratelimit-reset": b"61"}


def test_addresses_do_not_share_a_count() -> None:
    rates = RateLimits(1, now=Time())
    assert rates.admit("10.0.0.1").allowed
    assert rates.admit("10.0.0.2").allowed


def test_the_window_moves_on() -> None:
    time = Time()
    rates = RateLimits(2, now=time)
    rates.admit("a")
    time.now += 31
    rates.admit("a")
    assert not rates.admit("a").allowed
    time.now += 30
    assert rates.admit("a").allowed
    assert rates.admit("a").reset_seconds == 31


def test_refused_requests_are_not_counted() -> None:
    time = Time()
    rates = RateLimits(1, now=time)
    rates.admit("a")
    for _ in range(50):
        assert not rates.admit("a").allowed
    time.now += STEPS
    assert rates.admit("a").allowed


def test_reading_the_count_counts_nothing() -> None:
    time = Time()
    rates = RateLimits(1, now=time)
    for _ in range(3):
        assert rates.refusal("2001:db8::1") is None
    assert rates.windows == {}
    assert rates.admit("2001:db8::1").allowed
    # The whole network of an IPv6 address is one client.
    assert rates.refusal("2001:db8::2") == rates.admit("2001:db8::1")
    time.now += STEPS
    assert rates.refusal("2001:db8::2") is None


def test_a_network_of_ipv6_addresses_is_one_client() -> None:
    rates = RateLimits(1, now=Time())
    assert rates.admit("2001:db8:1:2::1").allowed
    assert not rates.admit("2001:db8:1:2:ffff::9").allowed
    assert rates.admit("2001:db8:1:3::1").allowed


def test_idle_addresses_are_forgotten() -> None:
    time = Time()
    rates = RateLimits(5, now=time)
    rates.admit("a")
    rates.windows["a"].unsent.clear()
    rates.asked.clear()
    time.now += STEPS
    rates.forget_idle()
    assert not rates.windows


def test_a_client_is_not_forgotten_before_the_sync_that_includes_it() -> None:
    time = Time()
    rates = RateLimits(5, now=time)
    window = rates.windows["a"] = Window(others=5, others_oldest=int(time.now))
    assert not rates.admit("a").allowed
    # The response of the sync in progress: the others' requests have left the window.
    window.others = 0
    rates.forget_idle()
    assert rates.windows.keys() == rates.asked == {"a"}


def test_addresses_with_counts_left_are_not_forgotten() -> None:
    time = Time()
    rates = RateLimits(5, now=time)
    for address in ("counted", "unsent", "at another gateway"):
        rates.admit(address)
        time.now += STEPS
    # The first has sent requests again, the second's count is not synced yet, and the third is still counted at other gateways.
    rates.admit("counted")
    rates.windows["counted"].unsent.clear()
    third = rates.windows["at another gateway"]
    third.unsent.clear()
    third.others, third.others_oldest = 4, int(time.now)
    rates.forget_idle()
    assert set(rates.windows) == {"counted", "unsent", "at another gateway"}
    assert [rates.admit("at another gateway").allowed for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    ("own", "others", "others_seconds_ago", "reset_seconds"),
    [(3, 0, 30, 51), (3, 2, 30, 31), (3, 2, 5, 51), (0, 5, 30, 31), (0, 5, 60, 1), (3, 2, 60, 1)],
)
def test_the_limit_eases_when_the_oldest_request_leaves_the_window(
    own: int, others: int, others_seconds_ago: int, reset_seconds: int
) -> None:
    time = Time()
    rates = RateLimits(own + others, now=time)
    time.now -= 10
    for _ in range(own):
        rates.admit("a")
    time.now += 10
    window = rates.windows.get("a") or rates._open("a")
    window.others, window.others_oldest = others, int(time.now) - others_seconds_ago
    refused = rates.admit("a")
    assert (refused.allowed, refused.remaining, refused.reset_seconds) == (False, 0, reset_seconds)
    time.now += reset_seconds
    assert rates.admit("a").allowed


def test_memory_is_bounded() -> None:
    rates = RateLimits(5, now=Time())
    for number in range(WINDOWS_MAX + 10):
        rates.admit(f"host-{number}")
    # The addresses seen first start from zero again.
    assert list(rates.windows) == [f"host-{number}" for number in range(10, WINDOWS_MAX + 10)]
    assert rates.asked == rates.windows.keys()


@given(st.lists(st.floats(min_value=0, max_value=20), max_size=120))
def test_no_minute_ever_holds_more_than_the_limit(pauses: list[float]) -> None:
    time = Time()
    rates = RateLimits(10, now=time)
    passed = []
    for pause in pauses:
        time.now += pause
        if rates.admit("a").allowed:
            passed.append(time.now)
    for at in passed:
        assert sum(1 for other in passed if at - WINDOW_SECONDS < other <= at) <= 10
