"""All of them in one transaction."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.unit_of_work import SqlTransaction
from identity.domain.attempts import source_of
from identity.infrastructure.repositories.accounts import SqlPasswordHistory, SqlProfiles, SqlUsers, SqlWalletAddresses
from identity.infrastructure.repositories.attempt_counts import SqlAttemptCounts
from identity.infrastructure.repositories.device_keys import SqlDeviceKeys
from identity.infrastructure.repositories.email_undos import SqlEmailUndos
from identity.infrastructure.repositories.erasures import SqlErasures, SqlReceipts
from identity.infrastructure.repositories.factors import SqlFactors
from identity.infrastructure.repositories.keys import SqlSigningKeys
from identity.infrastructure.repositories.messages import DeferDelivery, SqlMessages
from identity.infrastructure.repositories.names import SqlNames
from identity.infrastructure.repositories.one_time_codes import SqlOneTimeCodes
from identity.infrastructure.repositories.recovery import SqlPasswordResets, SqlRecoveryRequests
from identity.infrastructure.repositories.sessions import SqlDevices, SqlSessions
from identity.infrastructure.vault import Vault
from kernel.actor import Actor, ActorKind
from kernel.audit import AuditFact


class SqlIdentityTransaction(SqlTransaction):
    def __init__(
        self, session: AsyncSession, actor: Actor, *, vault: Vault, defer_delivery: DeferDelivery, attempts_singly_max: int
    ) -> None:
        super().__init__(session, actor)
        self._tallied: list[tuple[AuditFact, str, str]] = []
        self.attempt_counts = SqlAttemptCounts(session, singly_max=attempts_singly_max)
        self.users = SqlUsers(session)
        self.profiles = SqlProfiles(session, vault)
        self.wallet_addresses = SqlWalletAddresses(session, vault)
        self.devices = SqlDevices(session)
        self.sessions = SqlSessions(session, vault)
        self.names = SqlNames(session, vault)
        self.signing_keys = SqlSigningKeys(session)
        self.device_keys = SqlDeviceKeys(session)
        self.factors = SqlFactors(session, vault)
        self.password_resets = SqlPasswordResets(session)
        self.email_undos = SqlEmailUndos(session, vault)
        self.recovery_requests = SqlRecoveryRequests(session)
        self.password_history = SqlPasswordHistory(session)
        self.one_time_codes = SqlOneTimeCodes(session, vault)
        self.erasures = SqlErasures(session)
        self.receipts = SqlReceipts(session, vault)
        self.messages = SqlMessages(session, vault, defer_delivery, asked_from=_asked_from(actor))

    def tally(self, fact: AuditFact, *, account: UUID | None = None, source: str | None = None) -> None:
        whose = fact.resource_id if fact.resource_type == "user" else str(account or "")
        self._tallied.append((fact, whose, source or source_of(self.actor.ip)))

    async def settle(self) -> None:
        for fact, account, source in self._tallied:
            if await self.attempt_counts.count(source, fact, account=account):
                self.recorded_otherwise = True
            else:
                self.record(fact)


def _asked_from(actor: Actor) -> str | None:
    return source_of(actor.ip) if actor.kind is ActorKind.ANONYMOUS else None
