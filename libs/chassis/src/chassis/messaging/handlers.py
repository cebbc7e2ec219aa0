"""Runs a queue's handlers, a limited number at once."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from chassis.messaging.contracts import Subscription
from chassis.messaging.failure import Failure, HandlerTooSlow
from chassis.messaging.outages import Outages
from chassis.messaging.reports import Outcome
from chassis.persistence.delivery import Delivery, current_delivery
from chassis.telemetry import bind_request, linked_trace

# A handler that takes longer has a defect; its message is tried again.
HANDLER_SECONDS_MAX = 30.0
AT_ONCE: Final = 20


class Handlers:
    """The handlers of one queue, by the type of their messages."""

    def __init__(self, subscriptions: Mapping[str, Subscription[Any]], outages: Outages, *, at_once: int = AT_ONCE) -> None:
        self.classes = {event_type: subscription.message_class for event_type, subscription in subscriptions.items()}
        self._subscriptions = subscriptions
        self._outages = outages
        self._slots = asyncio.Semaphore(at_once)

    @property
    def is_busy(self) -> bool:
        """Whether as many handlers run as may run at once."""
        return self._slots.locked()

    async def run(self, delivery: Delivery[Any], *, is_foreign: bool = False) -> Outcome | Failure:
        """Run the handler; never raises. `is_foreign`: if a dependency is away, it is not our own database."""
        with self._outages.attempt(delivery.type):
            result = await self._run_in_slot(delivery)
        if isinstance(result, Failure) and result.dependency_away:
            self._outages.found(delivery.type, is_foreign=is_foreign)
        else:
            self._outages.over(delivery.type)
        return result

    async def _run_in_slot(self, delivery: Delivery[Any]) -> Outcome | Failure:
        async with self._slots:
            try:
                await self._run(delivery)
            except Exception as error:  # noqa: BLE001  # classified in one place, and never lost
                return Failure.of(error) or Outcome.DUPLICATE
        return Outcome.HANDLED

    async def _run(self, delivery: Delivery[Any]) -> None:
        token = current_delivery.set(delivery)
        limit = asyncio.timeout(HANDLER_SECONDS_MAX)
        try:
            async with limit:
                await self._subscriptions[delivery.type].handler(delivery)
        except TimeoutError:
            if limit.expired():
                raise HandlerTooSlow(seconds=HANDLER_SECONDS_MAX) from None
            raise
        finally:
            current_delivery.reset(token)


@contextmanager
def handling(delivery: Delivery[Any]) -> Iterator[None]:
    """Bind the message to the trace and the log lines of its handling."""
    with linked_trace((delivery.traceparent,), f"{delivery.type} process"), bind_request(str(delivery.message_id)):
        yield
