"""Refreshes the policy bundle at the start, on the event, and every half minute."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from chassis.errors import as_domain_error
from chassis.health import Degraded, NotReady
from chassis.policies.bundle import Bundle, BundleSource, InvalidBundle
from chassis.policies.engine import Policies
from chassis.policies.limited_roles import LimitedRoleSource
from chassis.waiting import Backoff, wait_any

log = structlog.get_logger()

REFRESH_SECONDS: Final = 30.0
_BACKOFF_SECONDS_MAX = 10.0
# Readiness names a bundle that missed this many refreshes.
_MISSED_MAX: Final = 3
_INVALID_BUNDLE: Final = "invalid bundle"

_AGE: Final = Gauge("policy_bundle_age_seconds", "Time since the policy bundle was last known to be current.")
_VERSION: Final = Gauge("policy_bundle_version", "Version of the policy bundle in force.")
_FAILURES: Final = Counter("policy_bundle_refresh_failures_total", "Failed refreshes of the bundle, by reason.", ["reason"])


class BundleRefresher:
    """Loads bundles and limited roles into `Policies` until `stop` is set. Without a refresh, they become stale: it denies.

    Without a source of limited roles, nobody has any. `before` reads what else must be known before anything is decided.
    """

    def __init__(
        self,
        source: BundleSource,
        policies: Policies,
        *,
        limited_roles: LimitedRoleSource | None = None,
        before: Callable[[], Awaitable[None]] | None = None,
        interval_seconds: float = REFRESH_SECONDS,
    ) -> None:
        self._source = source
        self._limited_roles = limited_roles
        self._before = before
        self._policies = policies
        self._interval = interval_seconds
        self._wake = asyncio.Event()
        self._failures = 0
        self._problem = ""
        self._backoff = Backoff(seconds_max=_BACKOFF_SECONDS_MAX)

    @property
    def ready(self) -> bool:
        """Whether a bundle has been loaded."""
        return self._policies.loaded

    async def check(self) -> None:
        """Readiness check: raise NotReady while nothing is decided, Degraded if refreshes are missing.

        While only reads are decided, the process stays ready: without it, reads would fail too.
        """
        policies = self._policies
        if not self.ready:
            raise NotReady(f"no policy bundle yet{self._because}")
        age = policies.age_seconds
        # In steps, because each new message is logged.
        message = f"bundle is {age // self._interval * self._interval:g} s old, refreshed at most every {self._interval:g} s"
        if policies.is_expired:
            raise NotReady(f"{message}: nothing is decided{self._because}")
        if policies.is_stale:
            raise Degraded(f"{message}: only reads are decided{self._because}")
        if age > _MISSED_MAX * self._interval:
            raise Degraded(f"{message}{self._because}")

    async def on_published(self, _delivery: object) -> None:
        """Listener callback for PolicyBundlePublished."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        # Only here: a process that refreshes when it has work may have an old bundle between its works.
        _AGE.set_function(lambda: self._policies.age_seconds)
        _VERSION.set_function(lambda: self._policies.version)
        while not stop.is_set():
            self._wake.clear()
            seconds = self._interval if await self.refresh() else self._backoff.next()
            await wait_any(stop, self._wake, seconds=seconds)

    async def refresh(self) -> bool:
        """Fetch once; on failure log it and return False.

        Any failure, also a defect of governance or of this process: it must not end a process that can decide for minutes, and
        readiness names it.
        """
        # The bundle was current when the answer was made, which is not before the question.
        asked_at = self._policies.clock.elapsed()
        try:
            if self._before:
                await self._before()
            bundle = await self._source.fetch(self._policies.version if self.ready else 0)
            if bundle and self.ready:
                # It is in force from now on, and current only together with the limited roles.
                self._load(bundle, as_of=self._policies.confirmed_at)
            if self._limited_roles:
                await self._policies.limited_roles.refresh(self._limited_roles)
            if bundle and not self.ready:
                # The first one: a process that has it decides.
                self._load(bundle, as_of=asked_at)
            self._policies.confirm(as_of=asked_at)
        except InvalidBundle as exc:
            self._failed(_INVALID_BUNDLE, exc)
            return False
        except Exception as exc:  # noqa: BLE001  # as_domain_error logs the traceback of a defect
            self._failed(as_domain_error(exc).code, exc)
            return False
        self._failures = 0
        self._problem = ""
        self._backoff.reset()
        return True

    def _load(self, bundle: Bundle, *, as_of: float) -> None:
        self._policies.load(bundle, as_of=as_of)
        log.info("policy_bundle_loaded", version=bundle.version)

    @property
    def _because(self) -> str:
        return f" ({self._problem})" if self._problem else ""

    def _failed(self, reason: str, error: Exception) -> None:
        self._failures += 1
        self._problem = reason
        _FAILURES.labels(reason).inc()
        log.warning("policy_bundle_not_refreshed", failures=self._failures, reason=reason, error=str(error)[:300])
