"""Metrics: prometheus_client with one registry per process, and the metrics that every process has."""

import asyncio
import contextlib
import time

from prometheus_client import REGISTRY, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, that nothing reads

# From the fastest policy check to the longest deadline.
BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

LOOP_LAG = Gauge("event_loop_lag_seconds", "How late the event loop wakes a sleeping task; high if code blocks the loop.")
RPC_SERVED = Histogram("rpc_server_seconds", "RPCs served.", ("method", "code"), buckets=BUCKETS_SECONDS)
RPC_CALLED = Histogram("rpc_client_seconds", "RPCs called.", ("peer", "method", "code"), buckets=BUCKETS_SECONDS)


def exposition(accept: str = "") -> tuple[bytes, str]:
    """Render all metrics; return the body and its content type: OpenMetrics if the scraper accepts it."""
    encode, content_type = choose_encoder(accept)
    return encode(REGISTRY), content_type


async def watch_loop(stop: asyncio.Event, *, period_seconds: float = 1.0) -> None:
    """Measure the event loop's lag until `stop` is set."""
    while not stop.is_set():
        due = time.perf_counter() + period_seconds
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(period_seconds):
                await stop.wait()
        LOOP_LAG.set(max(0.0, time.perf_counter() - due))
