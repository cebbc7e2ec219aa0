"""All repositories in one transaction."""

from itertools import groupby
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.approvals.table import SqlApprovals
from chassis.persistence.unit_of_work import SqlTransaction
from identity.application.ports.unit_of_work import BoundedRecord
from identity.domain.attempts import source_of
from identity.infrastructure.sql.address_messages import SqlAddressMessages
from identity.infrastructure.sql.attempts import SqlAttemptCounts
from identity.infrastructure.sql.device_keys import SqlDeviceKeyRepository
from identity.infrastructure.sql.devices import SqlDeviceRepository
from identity.infrastructure.sql.erasures import SqlErasureRepository, SqlReceipts
from identity.infrastructure.sql.factors import SqlFactorRepository
from identity.infrastructure.sql.messages import DeferDelivery, SqlMessageRepository
from identity.infrastructure.sql.notice_requests import SqlNoticeRequests
from identity.infrastructure.sql.notices import SqlNoticeRepository
from identity.infrastructure.sql.one_time_codes import SqlOneTimeCodes
from identity.infrastructure.sql.passwords import SqlPasswordHistory, SqlPasswordResets
from identity.infrastructure.sql.profiles import SqlProfiles
from identity.infrastructure.sql.recovery import SqlEmailUndos, SqlRecoveryRequests
from identity.infrastructure.sql.sealed_names import SqlSealedNames
from identity.infrastructure.sql.sessions import SqlSessionRepository
from identity.infrastructure.sql.signing_keys import SqlSigningKeyRepository
from identity.infrastructure.sql.users import SqlUserRepository
from identity.infrastructure.sql.wallet_addresses import SqlWalletAddressRepository
from identity.infrastructure.vault import Vault
from kernel.actor import Actor, ActorKind
from kernel.audit import AuditFact


class SqlIdentityTransaction(SqlTransaction, BoundedRecord):
    def __init__(
        self,
        session: AsyncSession,
        actor: Actor,
        *,
        vault: Vault,
        defer_delivery: DeferDelivery,
        defer_fan_out: DeferDelivery,
        defer_to_address: DeferDelivery,
        attempts_singly_max: int,
        acts_singly_max: int,
    ) -> None:
        super().__init__(session, actor)
        self._tallied: list[tuple[AuditFact, str, str]] = []
        self._bounded: dict[tuple[str, str], list[AuditFact]] = {}
        self.attempt_counts = SqlAttemptCounts(session, singly_max=attempts_singly_max, acts_max=acts_singly_max)
        self.users = SqlUserRepository(session)
        self.profiles = SqlProfiles(session, vault)
        self.wallet_addresses = SqlWalletAddressRepository(session, vault)
        self.devices = SqlDeviceRepository(session)
        self.sessions = SqlSessionRepository(session, vault)
        self.names = SqlSealedNames(session, vault)
        self.signing_keys = SqlSigningKeyRepository(session)
        self.device_keys = SqlDeviceKeyRepository(session)
        self.factors = SqlFactorRepository(session, vault)
        self.password_resets = SqlPasswordResets(session)
        self.email_undos = SqlEmailUndos(session, vault)
        self.approvals = SqlApprovals(session, self.pipeline)
        self.recovery_requests = SqlRecoveryRequests(session)
        self.password_history = SqlPasswordHistory(session)
        self.one_time_codes = SqlOneTimeCodes(session, vault)
        self.erasures = SqlErasureRepository(session)
        self.receipts = SqlReceipts(session, vault)
        self.notices = SqlNoticeRepository(session, vault)
        self.address_messages = SqlAddressMessages(session, vault, defer_to_address)
        self.notice_requests = SqlNoticeRequests(session, defer_fan_out)
        self.messages = SqlMessageRepository(session, vault, defer_delivery, notices=self.notices, asked_from=_asked_from(actor))

    def tally(self, fact: AuditFact, *, user_id: UUID | None = None, source: str | None = None) -> None:
        whose = fact.resource_id if fact.resource_type == "user" else str(user_id or "")
        self._tallied.append((fact, whose, source or source_of(self.actor.ip)))

    def record_bounded(self, fact: AuditFact, *, user_id: UUID) -> None:
        # Add the fact in its place; it is removed again if it is counted instead.
        self.record(fact)
        if self.actor.kind is ActorKind.ANONYMOUS or self.actor.subject_id == str(user_id):
            self._bounded.setdefault((str(user_id), fact.action), []).append(fact)

    async def before_commit(self) -> None:
        await self._settle_bounded()
        for fact, account, source in self._tallied:
            if await self.attempt_counts.count(source, fact, account=account):
                self.recorded_otherwise = True
            else:
                self.record(fact)

    async def _settle_bounded(self) -> None:
        if not self._bounded:
            return
        latest = max(fact.occurred_at for facts in self._bounded.values() for fact in facts)
        room = await self.attempt_counts.room_for({act: len(facts) for act, facts in self._bounded.items()}, at=latest)
        for act, facts in self._bounded.items():
            for _, alike in groupby(facts[room[act] :], key=lambda fact: fact.reason):
                await self._count_instead(list(alike), account=act[0])

    async def _count_instead(self, alike: list[AuditFact], *, account: str) -> None:
        """Count facts with the same counted fields. The first fact of an address stays a fact of its own."""
        source = source_of(self.actor.ip)
        while alike and not await self.attempt_counts.count(source, alike[-1], account=account, times=len(alike)):
            alike.pop(0)
        if alike:
            self.recorded_otherwise = True
            self.facts = [recorded for recorded in self.facts if not any(recorded[0] is fact for fact in alike)]


def _asked_from(actor: Actor) -> str | None:
    return source_of(actor.ip) if actor.kind is ActorKind.ANONYMOUS else None
