"""What the journal of audit facts costs: bytes for each fact, and how fast a relay numbers facts after it was away."""

import asyncio
import time

import psycopg

from benchmarks.bank import Bank
from benchmarks.results import Result
from chassis.messaging.journal import Journal
from chassis.messaging.leadership import connect
from chassis.persistence import migrations
from chassis.run.folders import migrations_of

FACTS = 50_000
_NAME = "bench_journal"


def measure(bank: Bank) -> list[Result]:
    """Number facts in a database of its own, so that the platform's processes do not take part."""
    platform = bank.platform
    owner, relay = (platform.database_url("payments", role).removesuffix("payments") + _NAME for role in ("owner", "relay"))
    with psycopg.connect(platform.backing.postgres_url, autocommit=True) as superuser:
        superuser.execute(f"DROP DATABASE IF EXISTS {_NAME}")
        superuser.execute(f"CREATE DATABASE {_NAME} OWNER payments_owner")
    migrations.upgrade(owner, migrations_of("payments"), say=lambda _line: None)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO audit_journal (fact_id, digest)"
            " SELECT gen_random_uuid(), sha256(n::text::bytea) FROM generate_series(1, %s) AS n",
            (FACTS,),
        )
        seconds = asyncio.run(_number_all(relay))
        sizes = "SELECT pg_total_relation_size('audit_journal') + pg_total_relation_size('audit_journal_numbers')"
        [(size,)] = connection.execute(sizes).fetchall()
    return [
        Result("journal: bytes of a fact, with its number", size / FACTS, "bytes"),
        Result("journal: facts numbered", FACTS / seconds, "facts/s"),
    ]


async def _number_all(relay_url: str) -> float:
    async with await connect(relay_url, application_name="bench") as connection:
        journal = Journal(connection)
        began_at = time.perf_counter()
        while await journal.number():
            pass
        return time.perf_counter() - began_at
