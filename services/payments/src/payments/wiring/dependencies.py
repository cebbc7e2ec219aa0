"""The dependencies of payments' use cases."""

from dataclasses import dataclass

from chassis.audited_reads import AuditedReads
from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from kernel.clock import Clock
from kernel.objects import ObjectStore, Scanner
from kernel.reads import Reads
from payments.application.ports.approvals import ApprovalPolicies
from payments.application.ports.audit_log import AuditLog
from payments.application.ports.limits import LimitBooks
from payments.application.ports.payer_rights import Memberships, Standings
from payments.application.ports.payment_permissions import PaymentPermissions
from payments.application.ports.permissions import Permissions
from payments.application.ports.prices import PriceBooks
from payments.application.ports.screening import Screening
from payments.application.ports.signatures import Signatures
from payments.infrastructure.sql.prices import SqlPricingTransaction
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from payments.interfaces.publications import PUBLICATIONS
from payments.settings import PaymentsSettings


def unit_of_work(database: Database) -> SqlUnitOfWork[SqlPaymentsTransaction]:
    return SqlUnitOfWork(database, SqlPaymentsTransaction, PUBLICATIONS, service=PaymentsSettings.NAME)


def pricing_unit_of_work(database: Database) -> SqlUnitOfWork[SqlPricingTransaction]:
    return SqlUnitOfWork(database, SqlPricingTransaction, PUBLICATIONS, service=PaymentsSettings.NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """The settings, the database and the adapters to peers. The process creates them and tests replace them."""

    settings: PaymentsSettings
    database: Database
    screening: Screening
    signatures: Signatures
    standings: Standings
    memberships: Memberships
    audit_log: AuditLog
    prices: PriceBooks
    limits: LimitBooks
    approvals: ApprovalPolicies
    permissions: Permissions
    payment_permissions: PaymentPermissions
    objects: ObjectStore
    scanner: Scanner
    clock: Clock

    @property
    def uow(self) -> SqlUnitOfWork[SqlPaymentsTransaction]:
        return unit_of_work(self.database)

    @property
    def reads(self) -> Reads:
        return AuditedReads(uow=self.uow, clock=self.clock)
