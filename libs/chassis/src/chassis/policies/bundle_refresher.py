"""Refreshes the policy bundle at the start, on the event, and every half minute."""

import asyncio

import structlog

from chassis.errors import as_domain_error
from chassis.policies.bundle import BundleSource, InvalidBundle
from chassis.policies.engine import Policies
from chassis.waiting import Backoff, wait_any
from kernel.errors import Kind

log = structlog.get_logger()

_BACKOFF_SECONDS_MAX = 10.0


class BundleRefresher:
    """Loads bundles into `Policies` until `stop` is set. Without a refresh, the bundle becomes stale and `Policies` denies."""

    def __init__(self, source: BundleSource, policies: Policies, *, interval_seconds: float = 30) -> None:
        self._source = source
        self._policies = policies
        self._interval = interval_seconds
        self._wake = asyncio.Event()
        self._failures = 0
        self._backoff = Backoff(seconds_max=_BACKOFF_SECONDS_MAX)

    @property
    def ready(self) -> bool:
        """Whether a bundle has been loaded."""
        return self._policies.loaded

    async def on_published(self, _delivery: object) -> None:
        """Listener callback for PolicyBundlePublished."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._wake.clear()
            seconds = self._interval if await self.refresh() else self._backoff.next()
            await wait_any(stop, self._wake, seconds=seconds)

    async def refresh(self) -> bool:
        """Fetch once; on failure log it and return False."""
        try:
            bundle = await self._source.fetch(self._policies.version if self.ready else 0)
            if bundle:
                self._policies.load(bundle)
                log.info("policy_bundle_loaded", version=bundle.version)
            else:
                self._policies.confirm()
        except Exception as exc:
            # Governance's source is its database, whose errors are not DomainErrors yet. Other exceptions are defects.
            if not isinstance(exc, InvalidBundle) and as_domain_error(exc).kind is Kind.INTERNAL:
                raise
            self._failures += 1
            log.warning("policy_bundle_not_refreshed", failures=self._failures, error=str(exc)[:300])
            return False
        self._failures = 0
        self._backoff.reset()
        return True
