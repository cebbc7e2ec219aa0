"""People who pay without a pause while the platform is being changed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import uuid4

import httpx
from journey import Person
from planned_transfers import bearer

from chassis.testing.running import eventually

# A person may send 600 requests a minute.
PAUSE_SECONDS = 0.2


@dataclass
class Paying:
    """`made` counts the successful transfers of 0.01 NAD, `retried` the responses that asked to send one again.

    `failures` are all other responses, and requests without a response.
    """

    made: int = 0
    retried: int = 0
    failures: list[str] = field(default_factory=list)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def pay(self, url: str, payer: Person, payee: Person) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            while not self._stop.is_set():
                await self._pay_once(client, payer, payee)

    async def _pay_once(self, client: httpx.AsyncClient, payer: Person, payee: Person) -> None:
        body = {"source_wallet_id": payer.wallet_id, "target_wallet_id": payee.wallet_id, "amount": "0.01", "currency": "NAD"}
        headers = bearer(payer) | {"Idempotency-Key": str(uuid4())}
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                answer = await client.post("/api/v1/transfers", json=body, headers=headers)
            except httpx.HTTPError as error:
                self.failures.append(f"{type(error).__name__}: {error}")
                return
            # A busy machine answers 503 too, if a peer or Redis takes longer than a request may wait.
            if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE or "Retry-After" not in answer.headers:
                break
            self.retried += 1
        if answer.status_code == HTTPStatus.CREATED:
            self.made += 1
        else:
            self.failures.append(f"{answer.status_code} {answer.text[:300]}")

    async def continues(self) -> None:
        """Wait until some more transfers succeed."""
        enough = self.made + 10
        await eventually(lambda: self.made >= enough or bool(self.failures))

    def stop(self) -> None:
        self._stop.set()


@asynccontextmanager
async def paying(url: str, payers: Sequence[Person], payee: Person) -> AsyncIterator[Paying]:
    """Let people pay another person for the length of the block, each on their own connection."""
    load = Paying()
    async with asyncio.TaskGroup() as tasks:
        for payer in payers:
            tasks.create_task(load.pay(url, payer, payee))
        try:
            yield load
        finally:
            load.stop()
