"""The reads of all nouns, on one database."""

from dataclasses import dataclass
from typing import Self

from chassis.persistence.database import Database
from identity.infrastructure.sql.address_messages import SqlAddressMessageViews
from identity.infrastructure.sql.credentials import SqlCredentials
from identity.infrastructure.sql.device_keys import SqlDeviceKeyViews
from identity.infrastructure.sql.devices import SqlDeviceViews
from identity.infrastructure.sql.erasures import SqlErasureViews
from identity.infrastructure.sql.factors import SqlFactorViews
from identity.infrastructure.sql.messages import SqlMessageViews
from identity.infrastructure.sql.notices import SqlNoticeViews
from identity.infrastructure.sql.passwords import SqlPasswordHashes
from identity.infrastructure.sql.recovery import SqlRecoveryViews
from identity.infrastructure.sql.sessions import SqlSessionViews
from identity.infrastructure.sql.signing_keys import SqlSigningKeyViews
from identity.infrastructure.sql.user_data import SqlUserData
from identity.infrastructure.sql.users import SqlUserViews
from identity.infrastructure.sql.wallet_addresses import SqlWalletAddressViews
from identity.infrastructure.vault import Vault
from kernel.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlViews:
    address_messages: SqlAddressMessageViews
    credentials: SqlCredentials
    device_keys: SqlDeviceKeyViews
    devices: SqlDeviceViews
    erasures: SqlErasureViews
    factors: SqlFactorViews
    messages: SqlMessageViews
    notices: SqlNoticeViews
    password_hashes: SqlPasswordHashes
    recovery: SqlRecoveryViews
    sessions: SqlSessionViews
    signing_keys: SqlSigningKeyViews
    user_data: SqlUserData
    users: SqlUserViews
    wallet_addresses: SqlWalletAddressViews

    @classmethod
    def of(cls, database: Database, vault: Vault, clock: Clock) -> Self:
        return cls(
            address_messages=SqlAddressMessageViews(database, vault),
            credentials=SqlCredentials(database, vault),
            device_keys=SqlDeviceKeyViews(database, vault),
            devices=SqlDeviceViews(database, vault),
            erasures=SqlErasureViews(database, vault),
            factors=SqlFactorViews(database, vault),
            messages=SqlMessageViews(database, vault),
            notices=SqlNoticeViews(database, vault),
            password_hashes=SqlPasswordHashes(database, vault),
            recovery=SqlRecoveryViews(database, vault),
            sessions=SqlSessionViews(database, vault),
            signing_keys=SqlSigningKeyViews(database, vault, clock),
            user_data=SqlUserData(database, vault),
            users=SqlUserViews(database, vault, clock),
            wallet_addresses=SqlWalletAddressViews(database, vault),
        )
