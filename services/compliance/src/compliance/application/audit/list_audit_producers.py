from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from compliance.application.audit.views import CompletenessViews, ProducerView
from kernel.clock import Clock

# After this time, the last comparison does not show that the log is complete.
AGE_SECONDS_MAX: Final = 60


class ProducerStatus(StrEnum):
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ProducerState:
    """`age_seconds`: the time since the journal was last compared to its end."""

    view: ProducerView
    age_seconds: float
    status: ProducerStatus


@dataclass(frozen=True, slots=True)
class ListAuditProducers:
    """List the producers of audit facts, and whether the log has all that they recorded."""

    completeness: CompletenessViews
    clock: Clock

    async def __call__(self) -> Sequence[ProducerState]:
        now = self.clock.now()
        return [_state(view, now) for view in await self.completeness.producers()]


def _state(view: ProducerView, now: datetime) -> ProducerState:
    # If the clock was set back, the time of the last comparison is as far away in the future.
    age_seconds = abs((now - (view.reconciled_at or view.created_at)).total_seconds())
    if view.missing or view.others:
        return ProducerState(view, age_seconds, ProducerStatus.INCOMPLETE)
    is_known = view.reconciled_at is not None and age_seconds <= AGE_SECONDS_MAX
    return ProducerState(view, age_seconds, ProducerStatus.COMPLETE if is_known else ProducerStatus.UNKNOWN)
