"""Payments on a real database, for tests of fees, rates and limits."""

from typing import Any

from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.objects import folder_store
from kernel.actor import Actor, ActorKind
from kernel.clock import Clock
from kernel.ids import new_id
from kernel.objects import NoScanner
from payments.application import Payments
from payments.domain.approval import APPROVED_BY
from payments.wiring.dependencies import Dependencies
from payments.wiring.use_cases import build
from services.payments.tests.fakes.audit_log import FakeAuditLog
from services.payments.tests.fakes.authority import FakeAuthority
from services.payments.tests.fakes.payment_permissions import FakePaymentPermissions
from services.payments.tests.fakes.permissions import FakePermissions
from services.payments.tests.fakes.prices import FakePrices
from services.payments.tests.fakes.screening import FakeScreening
from services.payments.tests.fakes.signatures import FakeSignatures
from services.payments.tests.usual import SETTINGS

ADMIN = Actor(kind=ActorKind.USER, subject_id=str(new_id()), ip="192.0.2.7")


def priced_payments(database: Database, clock: Clock) -> Payments:
    fakes = FakePrices()
    return build(
        Dependencies(
            settings=SETTINGS,
            database=database,
            screening=FakeScreening(),
            signatures=FakeSignatures(),
            standings=FakeAuthority(),
            memberships=FakeAuthority(),
            audit_log=FakeAuditLog(),
            prices=fakes,
            limits=fakes,
            approvals=fakes,
            permissions=FakePermissions({APPROVED_BY}),
            payment_permissions=FakePaymentPermissions(),
            objects=folder_store(),
            scanner=NoScanner(),
            clock=clock,
        )
    )


async def rows(database: Database, query: str, **parameters: object) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(text(query), parameters)).all())
