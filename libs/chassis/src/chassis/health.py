"""Readiness: whether this process may be sent work."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chassis.telemetry.redaction import scrub

CHECK_TIMEOUT_SECONDS = 2.0
_ERROR_LENGTH_MAX = 200

Check = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class ReadinessReport:
    """What /readyz tells operators: each check's error, None where it passes."""

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

    def add(self, name: str, check: Check, *, required: bool = True) -> None:
        """Add a check, which raises when it fails.

        `required=False` is for what the process can do without for a while (the broker, when the outbox keeps events):
        operators see it, and traffic is still sent.
        """
        self._checks[name] = (check, required)

    async def check(self) -> dict[str, str | None]:
        """Run all checks side by side, each within two seconds; gives each one's error, or None."""
        names = list(self._checks)
        errors = await asyncio.gather(*(_error_of(self._checks[name][0]) for name in names))
        return dict(zip(names, errors, strict=True))

    async def report(self) -> ReadinessReport:
        checks = await self.check()
        failing = any(error for name, error in checks.items() if self._checks[name][1])
        return ReadinessReport(ready=not failing and not self.draining, draining=self.draining, checks=checks)


async def _error_of(check: Check) -> str | None:
    started = time.monotonic()
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            await check()
    except TimeoutError:
        return f"no answer within {time.monotonic() - started:.1f} s"
    except Exception as error:  # noqa: BLE001  # a check may fail in any way; that is its answer
        first_line = next(iter(str(error).splitlines()), "")
        return scrub(f"{type(error).__name__}: {first_line}"[:_ERROR_LENGTH_MAX])
    return None
