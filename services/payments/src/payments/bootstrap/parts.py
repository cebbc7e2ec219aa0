"""What several processes are built on."""

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from payments.infrastructure.repositories.pricing import SqlPricingTransaction
from payments.infrastructure.repositories.transaction import SqlPaymentsTransaction
from payments.interfaces.publications import PUBLICATIONS
from payments.settings import PaymentsSettings


def unit_of_work(database: Database) -> SqlUnitOfWork[SqlPaymentsTransaction]:
    return SqlUnitOfWork(database, SqlPaymentsTransaction, PUBLICATIONS, service=PaymentsSettings.NAME)


def pricing_unit_of_work(database: Database) -> SqlUnitOfWork[SqlPricingTransaction]:
    return SqlUnitOfWork(database, SqlPricingTransaction, PUBLICATIONS, service=PaymentsSettings.NAME)
