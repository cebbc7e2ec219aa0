import asyncio

from structlog.testing import capture_logs

from chassis import health
from chassis.health import Degraded, NotReady, Readiness


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
    assert report.checks["broker"] == "failed"


async def test_a_librarys_error_is_logged_and_not_shown():
    readiness = Readiness()
    readiness.add("database", broken)
    with capture_logs() as lines:
        report = await readiness.report()
    assert (report.ready, report.status) == (False, 503)
    assert report.body() == {"ready": False, "draining": False, "checks": {"database": "failed"}}
    logged = [(line["event"], line["check"], line["problem"]) for line in lines]
    assert logged == [("check_failed", "database", "ConnectionError: cannot reach postgresql://app:hunter2@db:5432/payments")]


async def test_the_reason_of_our_own_check_is_shown():
    async def waits() -> None:
        raise NotReady("no policy bundle yet")

    readiness = Readiness()
    readiness.add("policies", waits)
    assert await readiness.check() == {"policies": "no policy bundle yet"}


async def test_a_degraded_check_is_shown_and_the_process_stays_ready():
    async def warns() -> None:
        raise Degraded("bundle is 120 s old")

    readiness = Readiness()
    readiness.add("policies", warns)
    report = await readiness.report()
    assert (report.ready, report.status, report.checks) == (True, 200, {"policies": "bundle is 120 s old"})


async def test_a_failure_is_logged_once_and_so_is_its_end():
    outcomes = iter([False, True, True, False, False])

    async def flaky() -> None:
        if next(outcomes):
            raise ConnectionError("away")

    readiness = Readiness()
    readiness.add("database", flaky)
    with capture_logs() as lines:
        for _ in range(5):
            await readiness.check()
    assert [line["event"] for line in lines] == ["check_failed", "check_passed"]


def test_a_check_has_two_seconds():
    # The probe itself times out after three.
    assert health.CHECK_TIMEOUT_SECONDS == 2


async def test_a_check_that_hangs_fails_after_its_timeout(monkeypatch):
    monkeypatch.setattr(health, "CHECK_TIMEOUT_SECONDS", 0.05)
    readiness = Readiness()
    readiness.add("database", lambda: asyncio.sleep(3600))
    readiness.add("redis", lambda: asyncio.sleep(3600))
    report = await asyncio.wait_for(readiness.report(), 300)
    assert "no answer" in str(report.checks["database"])


async def test_a_draining_process_is_not_ready_whatever_its_checks_return():
    readiness = Readiness()
    readiness.add("database", fine)
    readiness.draining = True
    report = await readiness.report()
    assert report.body() == {"ready": False, "draining": True, "checks": {"database": None}}
    assert report.status == 503
