"""Readiness: whether this process may be sent work."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chassis.telemetry import log

CHECK_TIMEOUT_SECONDS = 2.0

Check = Callable[[], Awaitable[object]]


class NotReady(Exception):
    """The failure of one of our own checks; /readyz shows the message."""


@dataclass(frozen=True, slots=True)
class ReadinessReport:
    """What /readyz shows: each check's error, None where it passes."""

    ready: bool
    draining: bool
    checks: dict[str, str | None]

    @property
    def status(self) -> int:
        return 200 if self.ready else 503

    def body(self) -> dict[str, object]:
        return {"ready": self.ready, "draining": self.draining, "checks": self.checks}


class Readiness:
    """The checks of one process; any required one that fails makes it not ready."""

    def __init__(self) -> None:
        self.draining = False
        self._checks: dict[str, tuple[Check, bool]] = {}
        # What was last logged of each check: the same failure is not logged every few seconds.
        self._logged: dict[str, str | None] = {}

    def add(self, name: str, check: Check, *, required: bool = True) -> None:
        """Add a check, which raises when it fails: NotReady with what to show, or an error of the library that it asks.

        A library's message (hosts, ports, users) is logged and not shown. `required=False` is for what the process can do
        without for a while (the broker, when the outbox keeps events): operators see it, and traffic is still sent.
        """
        self._checks[name] = (check, required)

    async def check(self) -> dict[str, str | None]:
        """Run all checks side by side, each within two seconds; gives each one's error, or None."""
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
    """Return the check's error as /readyz shows it, and as the log has it; (None, None) when it passes."""
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
