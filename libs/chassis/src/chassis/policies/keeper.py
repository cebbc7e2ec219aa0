"""Keeps the policy bundle fresh: at start, on the event, and every half minute."""

import asyncio
import random

import structlog

from chassis.errors import as_domain_error
from chassis.policies.bundle import BundleSource, InvalidBundle
from chassis.policies.engine import Policies
from kernel.errors import Kind

log = structlog.get_logger()

_BACKOFF_SECONDS_MAX = 10.0


class BundleKeeper:
    """Feeds `Policies` from a source until told to stop. What it cannot fetch grows stale, and staleness denies."""

    def __init__(self, source: BundleSource, policies: Policies, *, interval_seconds: float = 30) -> None:
        self._source = source
        self._policies = policies
        self._interval = interval_seconds
        self._wake = asyncio.Event()
        self._failures = 0

    @property
    def ready(self) -> bool:
        """Whether a bundle has ever been in force."""
        return self._policies.loaded

    async def on_published(self, _delivery: object) -> None:
        """Listener callback for PolicyBundlePublished."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._wake.clear()
                await self.refresh()
                waking = asyncio.create_task(self._wake.wait())
                await asyncio.wait({stopping, waking}, timeout=self._pause(), return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
        finally:
            stopping.cancel()

    async def refresh(self) -> bool:
        """Fetch once; False when that failed, which the log tells."""
        try:
            bundle = await self._source.fetch(self._policies.version if self.ready else 0)
            if bundle:
                self._policies.load(bundle)
                log.info("policy_bundle_loaded", version=bundle.version)
            else:
                self._policies.confirm()
        except Exception as exc:
            # Governance's own source is its database, whose absence is no DomainError yet. What is neither is a defect.
            if not isinstance(exc, InvalidBundle) and as_domain_error(exc).kind is Kind.INTERNAL:
                raise
            self._failures += 1
            log.warning("policy_bundle_not_refreshed", failures=self._failures, error=str(exc)[:300])
            return False
        self._failures = 0
        return True

    def _pause(self) -> float:
        if not self._failures:
            return self._interval
        # Full jitter, so that a fleet does not come back at one instant.
        return random.uniform(0.1, min(_BACKOFF_SECONDS_MAX, 0.25 * 2 ** min(self._failures, 10)))  # noqa: S311
