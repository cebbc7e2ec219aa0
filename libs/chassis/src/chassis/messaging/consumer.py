"""The consumer: handles a service's subscriptions on their queues, across connections."""

import asyncio
from collections.abc import Sequence
from functools import partial

from chassis.messaging.batch_worker import BatchWorker
from chassis.messaging.connection import BrokerLost, Session, keep_session
from chassis.messaging.contracts import AnySubscription, BatchSubscription, Subscription, spec_of
from chassis.messaging.intake import QueueWorker
from chassis.messaging.queue_worker import PREFETCH, SingleWorker
from chassis.messaging.topology import declare_subscriptions
from chassis.persistence.database import Database
from chassis.waiting import wait_any

# Grace for running handlers on a stop, and after a loss of the connection.
STOP_GRACE_SECONDS = 20.0
LOSS_GRACE_SECONDS = 5.0


class Consumer:
    """Consumes all queues of a service. Any number of processes may run it; each queue is served by one of them.

    `database` is the service's own: the messages of aggregates that cannot be handled wait there.
    """

    def __init__(
        self,
        rabbitmq_url: str,
        service: str,
        subscriptions: Sequence[AnySubscription],
        *,
        database: Database,
        prefetch: int = PREFETCH,
        stop_grace_seconds: float = STOP_GRACE_SECONDS,
    ) -> None:
        self._rabbitmq_url = rabbitmq_url
        self._service = service
        self._specs = [spec_of(subscription.message_class) for subscription in subscriptions]
        self._database = database
        self._prefetch = prefetch
        self._stop_grace_seconds = stop_grace_seconds
        self._queues = _by_queue(service, subscriptions)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set, then finish the messages being handled; waits for RabbitMQ without a limit."""
        work = partial(self._consume, stop)
        await keep_session(self._rabbitmq_url, work, name=f"{self._service} consumer", stop=stop)

    async def _consume(self, stop: asyncio.Event, session: Session) -> None:
        await declare_subscriptions(session, self._service, self._specs)
        workers = [self._worker(queue, subscriptions) for queue, subscriptions in self._queues.items()]
        started: list[QueueWorker] = []
        try:
            for worker in workers:
                await worker.start(session)
                started.append(worker)
            await wait_any(stop, session.lost)
        finally:
            grace_seconds = LOSS_GRACE_SECONDS if session.lost.is_set() else self._stop_grace_seconds
            await asyncio.gather(*(worker.finish(grace_seconds) for worker in started))
        if session.lost.is_set():
            raise BrokerLost("while consuming")

    def _worker(self, queue: str, subscriptions: dict[str, AnySubscription]) -> QueueWorker:
        batches = {name: each for name, each in subscriptions.items() if isinstance(each, BatchSubscription)}
        if batches:
            return BatchWorker(queue, batches)
        singles = {name: each for name, each in subscriptions.items() if isinstance(each, Subscription)}
        return SingleWorker(queue, singles, self._database, prefetch=self._prefetch)


def _by_queue(service: str, subscriptions: Sequence[AnySubscription]) -> dict[str, dict[str, AnySubscription]]:
    queues: dict[str, dict[str, AnySubscription]] = {}
    for subscription in subscriptions:
        spec = spec_of(subscription.message_class)
        if service not in spec.consumers:
            raise ValueError(f"{spec.type} does not name {service} among its consumers: {', '.join(spec.consumers)}")
        by_type = queues.setdefault(spec.queue(service), {})
        if spec.type in by_type:
            raise ValueError(f"{service} subscribes to {spec.type} twice")
        by_type[spec.type] = subscription
    for queue, by_type in queues.items():
        if len({type(subscription) for subscription in by_type.values()}) > 1:
            raise ValueError(f"queue {queue} mixes batches and single messages; give one of them its own family")
    return queues
