"""What became of a message: its counter, its durations, and its line in the log."""

import time
from datetime import datetime
from enum import StrEnum
from typing import Any

from prometheus_client import Counter, Histogram

from chassis.messaging.contracts import TIME
from chassis.messaging.failure import Failure
from chassis.messaging.wire import ATTEMPT, Received, count
from chassis.telemetry import canonical
from chassis.telemetry.metrics import BUCKETS_SECONDS

LAG_BUCKETS_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 3600, 86_400)
MESSAGES = Counter("messages_consumed", "Messages, by outcome.", ["queue", "type", "outcome"])
HANDLING = Histogram("message_handling_seconds", "Handling one message, or one batch.", ["queue"], buckets=BUCKETS_SECONDS)
LAG = Histogram("message_lag_seconds", "From the event to the end of its handling.", ["queue"], buckets=LAG_BUCKETS_SECONDS)


class Outcome(StrEnum):
    HANDLED = "handled"
    DUPLICATE = "duplicate"
    RETRIED = "retried"
    PARKED = "parked"
    DEAD = "dead"


class Reports:
    """Reports on the messages of one queue. The counter names only `types`: its labels must not come from outside."""

    def __init__(self, queue: str, types: frozenset[str]) -> None:
        self._queue = queue
        self._types = types

    def report(
        self, message: Received, outcome: Outcome, *, since: float, failure: Failure | None = None, attempt: int | None = None
    ) -> None:
        """Count the message and write its log line. `attempt` is by default the header's."""
        event_type = message.type if message.type in self._types else "unknown"
        seconds = time.perf_counter() - since
        MESSAGES.labels(self._queue, event_type, outcome).inc()
        HANDLING.labels(self._queue).observe(seconds)
        fields: dict[str, Any] = {"error": str(failure.error)} if failure else {}
        if (lag := lag_seconds(message)) is not None and outcome is Outcome.HANDLED:
            LAG.labels(self._queue).observe(lag)
            fields["lag_ms"] = round(lag * 1000)
        canonical(
            kind="message",
            name=message.type or "unknown",
            outcome="ok" if outcome is Outcome.HANDLED else str(outcome),
            duration_ms=seconds * 1000,
            queue=self._queue,
            message_id=message.message_id,
            attempt=attempt or count(message, ATTEMPT) + 1,
            code=failure.error.code if failure else None,
            **fields,
        )


def lag_seconds(message: Received) -> float | None:
    try:
        return max(0.0, time.time() - datetime.fromisoformat(str(message.headers[TIME])).timestamp())
    except (KeyError, ValueError):
        return None
