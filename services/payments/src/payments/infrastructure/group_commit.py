"""Group commit: requests that arrive while a batch is being written form the next batch.

When idle, nothing waits: a single order is settled at once, in a batch of one. Under load the batches grow by themselves,
and with them the transfers per commit.
"""

import asyncio
from collections.abc import Sequence
from contextvars import copy_context

from chassis.rpc.deadlines import afresh
from kernel.actor import Actor
from kernel.errors import DomainError, Unavailable
from payments.application.ports.transfers import Request, Settled
from payments.application.transfers.batch import Outcome
from payments.application.transfers.post_transfers import PostBatch, QueuedRequest
from payments.domain.transfer_order import TransferOrder

# As long as a request may take: its callers wait no longer.
BATCH_SECONDS_MAX = 7.0

_QueueItem = tuple[QueuedRequest, "asyncio.Future[Sequence[Settled]]"]


class GroupCommit:
    """Implements Cashier by settling requests in batches of at most `batch_max`.

    Raises Unavailable if `waiting_max` requests already wait, or if a batch takes longer than `batch_seconds_max`.
    """

    def __init__(
        self, post: PostBatch, *, batch_max: int = 200, waiting_max: int = 2000, batch_seconds_max: float = BATCH_SECONDS_MAX
    ) -> None:
        self._post = post
        self._batch_seconds_max = batch_seconds_max
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting: list[_QueueItem] = []
        self._worker: asyncio.Task[None] | None = None

    async def settle(self, order: TransferOrder, actor: Actor) -> Settled:
        [settled] = await self.settle_linked((order,), actor)
        return settled

    async def settle_linked(self, orders: Sequence[TransferOrder], actor: Actor) -> Sequence[Settled]:
        if len(self._waiting) >= self._waiting_max:
            raise Unavailable(retry_after_seconds=1, waiting=len(self._waiting))
        outcome: asyncio.Future[Sequence[Settled]] = asyncio.get_running_loop().create_future()
        self._waiting.append((QueuedRequest(Request(tuple(orders), actor), copy_context()), outcome))
        if self._worker is None:
            self._worker = asyncio.create_task(self._drain())
        return await outcome

    async def _drain(self) -> None:
        batch: Sequence[_QueueItem] = ()
        try:
            while self._waiting:
                batch = self._next()
                if not batch:
                    break
                # The batch's own spans and its audit message belong to the trace of its first request.
                await asyncio.create_task(self._settle_in_time(batch), context=batch[0][0].context.copy())
        finally:
            self._worker = None
            # Cancelled during a batch: waiting callers get Unavailable, and find the outcome by their key when they retry.
            left, self._waiting = (*batch, *self._waiting), []
            for _, future in left:
                if not future.done():
                    future.set_exception(Unavailable(retry_after_seconds=1))

    def _next(self) -> Sequence[_QueueItem]:
        # The response of a caller who gave up says that the outcome is unknown. Do not begin the order any more.
        waiting = [item for item in self._waiting if not item[1].done()]
        batch, self._waiting = waiting[: self._batch_max], waiting[self._batch_max :]
        return batch

    async def _settle_in_time(self, batch: Sequence[_QueueItem]) -> None:
        # The batch has its own deadline: those of its callers may be too short for the others.
        try:
            with afresh(self._batch_seconds_max):
                async with asyncio.timeout(self._batch_seconds_max):
                    await self._settle(batch)
        except TimeoutError:
            for _, future in batch:
                if not future.done():
                    future.set_exception(Unavailable(retry_after_seconds=1))

    async def _settle(self, batch: Sequence[_QueueItem], *, again: bool = True) -> None:
        try:
            outcomes: Sequence[Outcome | Exception] = await self._post([waiting for waiting, _ in batch])
        except Exception as failure:  # noqa: BLE001  # passed to every caller of the batch, or retried one by one
            if again and not isinstance(failure, DomainError):
                # One request broke the whole transaction (a constraint, or a key used elsewhere at the same moment). Retry
                # each alone, so that each gets its own outcome. A request that was alone finds the conflict by its key.
                for alone in batch:
                    await self._settle([alone], again=False)
                return
            outcomes = [failure] * len(batch)
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
