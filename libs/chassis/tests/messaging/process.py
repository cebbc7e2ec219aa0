"""Processes of a service, for tests that kill or stop them.

For each line on stdin, `<relay or consumer> <relay's url> <database url> <broker url> <lease in seconds>`, it forks a process
and prints its pid. Forking avoids the second that starting a process takes.
"""

import asyncio
import os
import random
import signal
import sys
from dataclasses import dataclass

from sqlalchemy import text

from chassis.messaging.consumer import Consumer
from chassis.messaging.contracts import Publications, Subscription
from chassis.messaging.relay import Relay
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork
from elcorp.identity.v1 import events_pb2 as identity
from kernel.actor import Actor
from kernel.errors import StaleVersion
from kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered(Event):
    user_id: str


def registered(event: Registered) -> identity.UserRegistered:
    return identity.UserRegistered(user_id=event.user_id)


# The share of calls in which the handler fails.
FAULTY = 0.01
PUBLICATIONS = Publications("identity", {Registered: registered})


async def main(role: str, relay_url: str, database_url: str, broker_url: str, lease_seconds: str) -> None:
    never = asyncio.Event()
    if role == "relay":
        relay = Relay(relay_url, broker_url, PUBLICATIONS, publish_timeout_seconds=60, lease_seconds=float(lease_seconds))
        await relay.run(never)
    database = Database.connect(database_url)
    uow = SqlUnitOfWork(database, SqlTransaction, PUBLICATIONS, service="payments")

    async def record(delivery: Delivery[identity.UserRegistered]) -> None:
        chance = random.random()
        if chance < FAULTY:
            raise StaleVersion if chance < FAULTY / 2 else KeyError
        async with uow.begin(Actor.service("payments"), audited=False) as tx:
            values = {"user": delivery.message.user_id, "number": int(delivery.message.wallet_address)}
            await tx.session.execute(text("INSERT INTO effects (aggregate, number) VALUES (:user, :number)"), values)

    await Consumer(broker_url, "payments", [Subscription(identity.UserRegistered, record)], database=database).run(never)


def fork(role: str, relay_url: str, database_url: str, broker_url: str, lease_seconds: str) -> int:
    pid = os.fork()
    if pid == 0:
        # Its log must not mix with the parent's output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        asyncio.run(main(role, relay_url, database_url, broker_url, lease_seconds))
        os._exit(1)
    return pid


if __name__ == "__main__":
    # A killed process must leave no children.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        sys.stdout.write(f"{fork(*line.split())}\n")
        sys.stdout.flush()
