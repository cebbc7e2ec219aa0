"""The transaction: every repository of identity, and the audit log beside it."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from identity.application.ports.accounts import PasswordHistory, Profiles, Users, WalletAddresses
from identity.application.ports.device_keys import DeviceKeys
from identity.application.ports.erasures import Erasures, Receipts
from identity.application.ports.factors import Factors
from identity.application.ports.keys import SigningKeys
from identity.application.ports.messages import Messages
from identity.application.ports.names import Names
from identity.application.ports.one_time_codes import OneTimeCodes
from identity.application.ports.recovery import PasswordResets, RecoveryRequests
from identity.application.ports.sessions import Devices, Sessions
from kernel.actor import Actor
from kernel.audit import AuditFact


class Transaction(Protocol):
    @property
    def users(self) -> Users: ...

    @property
    def profiles(self) -> Profiles: ...

    @property
    def wallet_addresses(self) -> WalletAddresses: ...

    @property
    def devices(self) -> Devices: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def password_history(self) -> PasswordHistory: ...

    @property
    def one_time_codes(self) -> OneTimeCodes: ...

    @property
    def messages(self) -> Messages: ...

    @property
    def names(self) -> Names: ...

    @property
    def device_keys(self) -> DeviceKeys: ...

    @property
    def signing_keys(self) -> SigningKeys: ...

    @property
    def factors(self) -> Factors: ...

    @property
    def password_resets(self) -> PasswordResets: ...

    @property
    def erasures(self) -> Erasures: ...

    @property
    def receipts(self) -> Receipts: ...

    @property
    def recovery_requests(self) -> RecoveryRequests: ...

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None: ...


class UnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[Transaction]: ...
