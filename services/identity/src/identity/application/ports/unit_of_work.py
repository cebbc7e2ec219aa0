"""The transaction: all repositories of identity, and the audit log."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from identity.application.ports.address_messages import AddressMessages
from identity.application.ports.attempts import AttemptCounts
from identity.application.ports.device_keys import DeviceKeyRepository
from identity.application.ports.devices import DeviceRepository
from identity.application.ports.erasures import ErasureRepository, Receipts
from identity.application.ports.factors import FactorRepository
from identity.application.ports.messages import MessageRepository
from identity.application.ports.notices import NoticeRepository, NoticeRequests
from identity.application.ports.one_time_codes import OneTimeCodes
from identity.application.ports.passwords import PasswordHistory, PasswordResets
from identity.application.ports.recovery import EmailUndos, RecoveryRequests
from identity.application.ports.sealed_names import SealedNames
from identity.application.ports.sessions import SessionRepository
from identity.application.ports.signing_keys import SigningKeyRepository
from identity.application.ports.users import Profiles, UserRepository
from identity.application.ports.wallet_addresses import WalletAddressRepository
from kernel import transaction
from kernel.actor import Actor
from kernel.approval_ports import Approvals
from kernel.audit import Audited, AuditFact

T = TypeVar("T")


class BoundedRecord(transaction.Transaction, Protocol):
    """How a transaction records acts that can be repeated without end."""

    def record_bounded(self, fact: AuditFact, *, user_id: UUID) -> None:
        """Record an act that a user can repeat without end with the right credentials.

        Within an hour, a number of acts per action become facts of their own; the others go through `tally`. Acts of others on
        the account, such as staff, are always facts of their own.
        """

    @contextmanager
    def change_bounded(
        self, audited: Audited[T], item: T, verb: str, *, at: datetime, user_id: UUID, reason: str | None = None
    ) -> Iterator[datetime]:
        """Do the same as `change`, but record through `record_bounded`."""
        before = audited.state(item)
        yield at
        after = audited.state(item)
        self.record_bounded(audited.fact(item, verb, at=at, before=before, after=after, reason=reason), user_id=user_id)
        self._announce_all(item)

    def tally(self, fact: AuditFact, *, user_id: UUID | None = None, source: str | None = None) -> None:
        """Record an act that anybody can repeat without end, as its own fact or in a count per source.

        `user_id` is the user concerned if the fact's resource is another. `source` (attempts.py) defaults to the actor's.
        """


class Transaction(BoundedRecord, Protocol):
    @property
    def users(self) -> UserRepository: ...

    @property
    def profiles(self) -> Profiles: ...

    @property
    def wallet_addresses(self) -> WalletAddressRepository: ...

    @property
    def devices(self) -> DeviceRepository: ...

    @property
    def sessions(self) -> SessionRepository: ...

    @property
    def password_history(self) -> PasswordHistory: ...

    @property
    def one_time_codes(self) -> OneTimeCodes: ...

    @property
    def messages(self) -> MessageRepository: ...

    @property
    def address_messages(self) -> AddressMessages: ...

    @property
    def notices(self) -> NoticeRepository: ...

    @property
    def notice_requests(self) -> NoticeRequests: ...

    @property
    def names(self) -> SealedNames: ...

    @property
    def device_keys(self) -> DeviceKeyRepository: ...

    @property
    def signing_keys(self) -> SigningKeyRepository: ...

    @property
    def factors(self) -> FactorRepository: ...

    @property
    def email_undos(self) -> EmailUndos: ...

    @property
    def password_resets(self) -> PasswordResets: ...

    @property
    def erasures(self) -> ErasureRepository: ...

    @property
    def receipts(self) -> Receipts: ...

    @property
    def recovery_requests(self) -> RecoveryRequests: ...

    @property
    def approvals(self) -> Approvals: ...

    @property
    def attempt_counts(self) -> AttemptCounts: ...


class UnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[Transaction]: ...
