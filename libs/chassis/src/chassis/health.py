"""Readiness: whether this process can take work."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chassis.telemetry import log

CHECK_TIMEOUT_SECONDS = 2.0

Check = Callable[[], Awaitable[object]]


class NotReady(Exception):
    """A failed check; /readyz shows the message."""


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
        names = list(self._checks)
        errors = await asyncio.gather(*(self._error_of(name) for name in names))
        return dict(zip(names, errors, strict=True))

    async def report(self) -> ReadinessReport:
        checks = await self.check()
        failing = any(error for name, error in checks.items() if self._checks[name][1])
        return ReadinessReport(ready=not failing and not self.draining, draining=self.draining, checks=checks)

    async def _error_of(self, name: str) -> str | None:
        shown, problem = await _ask(self._checks[name][0])
        if self._logged.get(name) != problem:
            self._logged[name] = problem
            if problem:
                log.warning("check_failed", check=name, problem=problem)
            else:
                log.info("check_passed", check=name)
        return shown


async def _ask(check: Check) -> tuple[str | None, str | None]:
    """Return the check's error for /readyz and for the log; (None, None) if it passes."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            await check()
    except TimeoutError:
        problem = f"no answer within {CHECK_TIMEOUT_SECONDS:g} s"
        return problem, problem
    except NotReady as error:
        return str(error), str(error)
    except Exception as error:  # noqa: BLE001  # a check may fail in any way; that is its answer
        first_line = next(iter(str(error).splitlines()), "")
        return "failed", f"{type(error).__name__}: {first_line}"
    return None, None
