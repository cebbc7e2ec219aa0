"""Readiness: whether this process can take work."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chassis.telemetry import log

CHECK_TIMEOUT_SECONDS = 2.0

Check = Callable[[], Awaitable[object]]


class NotReady(Exception):
    """A failed check; /readyz shows the message."""


class Degraded(NotReady):
    """A check that found a fault with which the process can take work for now; /readyz shows the message and stays ready."""


@dataclass(frozen=True, slots=True)
class ReadinessReport:
    """The response of /readyz: each check's error, None if it passed."""

    ready: bool
    draining: bool
    checks: dict[str, str | None]

    @property
    def status(self) -> int:
        return 200 if self.ready else 503

    def body(self) -> dict[str, object]:
        return {"ready": self.ready, "draining": self.draining, "checks": self.checks}


class Readiness:
    """The checks of one process. It is not ready if a required check fails."""

    def __init__(self) -> None:
        self.draining = False
        self._checks: dict[str, tuple[Check, bool]] = {}
        # The last logged result of each check, so that the same failure is not logged every few seconds.
        self._logged: dict[str, str | None] = {}

    def add(self, name: str, check: Check, *, required: bool = True) -> None:
        """Add a check, which raises if it fails: NotReady with a message for /readyz, or a library's own error.

        A library's message (hosts, ports, users) is logged and not shown. Use `required=False` for what the process can do
        without for a while (such as the broker, while the outbox keeps events): operators see the failure, and traffic
        continues.
        """
        self._checks[name] = (check, required)

    async def check(self) -> dict[str, str | None]:
        """Run all checks concurrently, each for at most two seconds; return each check's error, or None."""
        return {name: result.shown for name, result in (await self._results()).items()}

    async def report(self) -> ReadinessReport:
        results = await self._results()
        failing = any(result.fails for name, result in results.items() if self._checks[name][1])
        checks = {name: result.shown for name, result in results.items()}
        return ReadinessReport(ready=not failing and not self.draining, draining=self.draining, checks=checks)

    async def _results(self) -> "dict[str, _Result]":
        names = list(self._checks)
        results = await asyncio.gather(*(self._result_of(name) for name in names))
        return dict(zip(names, results, strict=True))

    async def _result_of(self, name: str) -> "_Result":
        result = await _ask(self._checks[name][0])
        if self._logged.get(name) != result.problem:
            self._logged[name] = result.problem
            if result.problem:
                log.warning("check_failed", check=name, problem=result.problem)
            else:
                log.info("check_passed", check=name)
        return result


@dataclass(frozen=True, slots=True)
class _Result:
    """A check's error for /readyz and for the log, and whether the process can take no work; all empty if it passed."""

    shown: str | None = None
    problem: str | None = None
    fails: bool = False


async def _ask(check: Check) -> _Result:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            await check()
    except TimeoutError:
        problem = f"no answer within {CHECK_TIMEOUT_SECONDS:g} s"
        return _Result(problem, problem, fails=True)
    except Degraded as error:
        return _Result(str(error), str(error))
    except NotReady as error:
        return _Result(str(error), str(error), fails=True)
    except Exception as error:  # noqa: BLE001  # a check may fail in any way; that is its answer
        first_line = next(iter(str(error).splitlines()), "")
        return _Result("failed", f"{type(error).__name__}: {first_line}", fails=True)
    return _Result()
