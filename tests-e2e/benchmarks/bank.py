"""What the benchmarks of a run share: a running platform, people with money, the baseline."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from journey import Api, Journey, Person

from benchmarks import baseline
from elcorp_local.platform import Platform

PEOPLE = 24
# People's tokens are valid for a quarter of an hour; a run takes longer.
TOKENS_SECONDS = 600


class Bank:
    """A running platform and the data that benchmarks share; `peak` is the highest rate measured through the gateway."""

    def __init__(self, platform: Platform, start_seconds: float) -> None:
        self.platform, self.start_seconds, self.peak = platform, start_seconds, 0.0
        self.admin = Person("Administrator", email=platform.admin_email, password=platform.admin_password)
        self._people: list[Person] = []
        self._signed_in_at = 0.0
        self._pgbench: dict[int, float] = {}

    @property
    def people(self) -> list[Person]:
        if not self._people:
            self._people = asyncio.run(self._register())
        elif time.monotonic() - self._signed_in_at > TOKENS_SECONDS:
            asyncio.run(self._sign_in_again())
        return self._people

    @property
    def pgbench(self) -> dict[int, float]:
        if not self._pgbench:
            self._pgbench = baseline.transfers_per_second(self.platform)
        return self._pgbench

    @property
    def best(self) -> float:
        return max(self.pgbench.values())

    async def _register(self) -> list[Person]:
        async with httpx.AsyncClient(base_url=self.platform.url, timeout=20) as client:
            api = Api(client)
            journey = Journey(api, self.admin, print)
            await journey.administrator_signs_in()
            people = [Person(f"Bench{number}") for number in range(PEOPLE)]
            for person in people:
                await journey.register(person)
                await journey.sign_in(person)
                await journey.wallet_opens(person)
                funds: dict[str, Any] = {
                    "wallet_id": person.wallet_id,
                    "amount": "1000000.00",
                    "currency": "NAD",
                    "reason": "bench",
                }
                await api.call("POST", "/issuances", by=self.admin, expect=201, key=str(uuid4()), **funds)
        self._signed_in_at = time.monotonic()
        return people

    async def _sign_in_again(self) -> None:
        async with httpx.AsyncClient(base_url=self.platform.url, timeout=20) as client:
            journey = Journey(Api(client), self.admin, print)
            for person in (self.admin, *self._people):
                await journey.sign_in(person)
        self._signed_in_at = time.monotonic()

    def count(self, service: str, query: str) -> int:
        with psycopg.connect(self.platform.database_url(service, "owner")) as connection:
            row = connection.execute(query).fetchone()
            return int(row[0]) if row else 0

    def superuser_url(self, service: str) -> str:
        """Return the URL of a service's database as the server's superuser."""
        return self.platform.backing.postgres_url.rpartition("/")[0] + f"/{service}"

    def transfers_made(self) -> int:
        return self.count("payments", "SELECT count(*) FROM transfers WHERE description <> 'seed'")

    def drain(self, seconds_max: float = 120) -> float:
        """Wait until every committed transfer is in the audit log; return the seconds that it took."""
        made, began = self.transfers_made(), time.monotonic()
        written = "SELECT count(*) FROM audit_entries WHERE resource_type = 'transfer'"
        while self.count("compliance", written) < made:
            if time.monotonic() - began > seconds_max:
                print(f"the audit log did not catch up in {seconds_max:g} s")
                break
            time.sleep(0.1)
        return time.monotonic() - began
