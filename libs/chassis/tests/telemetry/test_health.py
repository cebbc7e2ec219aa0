import asyncio

from chassis import health
from chassis.health import Readiness


async def fine() -> None:
    await asyncio.sleep(0)


async def broken() -> None:
    raise ConnectionError("cannot reach postgresql://app:hunter2@db:5432/payments\nsecond line")


async def test_ready_when_every_required_check_passes():
    readiness = Readiness()
    readiness.add("database", fine)
    readiness.add("broker", broken, required=False)
    report = await readiness.report()
    assert report.ready
    assert report.status == 200
    assert report.checks["database"] is None
    assert str(report.checks["broker"]).startswith("ConnectionError: cannot reach")


async def test_a_failing_check_tells_operators_what_and_hides_the_secret():
    readiness = Readiness()
    readiness.add("database", broken)
    report = await readiness.report()
    assert (report.ready, report.status) == (False, 503)
    told = report.checks["database"]
    assert told is not None
    assert "hunter2" not in told
    assert "second line" not in told


async def test_what_a_check_says_is_kept_short():
    async def verbose() -> None:
        raise ValueError("x" * 1000)

    readiness = Readiness()
    readiness.add("database", verbose)
    assert await readiness.check() == {"database": ("ValueError: " + "x" * 1000)[:200]}


def test_a_check_is_given_two_seconds():
    # The probe is given up after three.
    assert health.CHECK_TIMEOUT_SECONDS == 2


async def test_a_check_that_hangs_fails_in_time(monkeypatch):
    monkeypatch.setattr(health, "CHECK_TIMEOUT_SECONDS", 0.05)
    readiness = Readiness()
    readiness.add("database", lambda: asyncio.sleep(3600))
    readiness.add("redis", lambda: asyncio.sleep(3600))
    report = await asyncio.wait_for(readiness.report(), 300)
    assert "no answer" in str(report.checks["database"])


async def test_a_draining_process_is_not_ready_whatever_its_checks_say():
    readiness = Readiness()
    readiness.add("database", fine)
    readiness.draining = True
    report = await readiness.report()
    assert report.body() == {"ready": False, "draining": True, "checks": {"database": None}}
    assert report.status == 503
