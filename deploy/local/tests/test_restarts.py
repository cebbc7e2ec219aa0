from elcorp_local.restarts import DELAY_SECONDS_MAX, PER_MINUTE_MAX, Restarts


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_first_restart_is_immediate_and_happens_once() -> None:
    restarts = Restarts(Clock())
    assert restarts.died()
    assert restarts.take_due()
    assert not restarts.take_due()


def test_later_restarts_wait_longer_and_longer() -> None:
    clock = Clock()
    restarts = Restarts(clock)
    waited = []
    for _ in range(PER_MINUTE_MAX):
        assert restarts.died()
        assert restarts.due_at is not None
        waited.append(restarts.due_at - clock.now)
        clock.now = restarts.due_at
        assert restarts.take_due()
    assert waited == sorted(waited)
    assert 0 < waited[1] < waited[-1] <= DELAY_SECONDS_MAX


def test_a_restart_does_not_happen_before_its_time() -> None:
    clock = Clock()
    restarts = Restarts(clock)
    restarts.died()
    restarts.take_due()
    restarts.died()
    assert restarts.is_planned()
    assert not restarts.take_due()
    clock.now += DELAY_SECONDS_MAX
    assert restarts.take_due()
    assert not restarts.is_planned()


def test_too_many_deaths_in_a_minute_stop_restarts_and_old_ones_do_not_count() -> None:
    clock = Clock()
    restarts = Restarts(clock)
    assert all(restarts.died() for _ in range(PER_MINUTE_MAX))
    assert not restarts.died()
    clock.now += 61
    assert restarts.died()
