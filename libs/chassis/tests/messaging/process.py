"""One process of a service, for tests that kill it: `process.py relay|consumer <database url> <broker url>`."""

import asyncio
import sys
from dataclasses import dataclass

from sqlalchemy import text

from chassis.database import Database
from chassis.messaging.consumer import Consumer
from chassis.messaging.contracts import Publications, Subscription
from chassis.messaging.delivery import Delivery
from chassis.messaging.relay import Relay
from chassis.unit_of_work import SqlTransaction, SqlUnitOfWork
from elcorp.identity.v1 import events_pb2 as identity
from kernel.actor import Actor
from kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered(Event):
    user_id: str


def registered(event: Registered) -> identity.UserRegistered:
    return identity.UserRegistered(user_id=event.user_id)


PUBLICATIONS = Publications("identity", {Registered: registered})


async def main(role: str, database_url: str, broker_url: str) -> None:
    never = asyncio.Event()
    if role == "relay":
        await Relay(database_url, broker_url, PUBLICATIONS).run(never)
    uow = SqlUnitOfWork(Database.connect(database_url), SqlTransaction, PUBLICATIONS, service="payments")

    async def record(delivery: Delivery[identity.UserRegistered]) -> None:
        async with uow.begin(Actor.service("payments"), audited=False) as tx:
            values = {"user": delivery.message.user_id, "number": int(delivery.message.wallet_address)}
            await tx.session.execute(text("INSERT INTO effects (aggregate, number) VALUES (:user, :number)"), values)

    await Consumer(broker_url, "payments", [Subscription(identity.UserRegistered, record)]).run(never)


asyncio.run(main(*sys.argv[1:]))
