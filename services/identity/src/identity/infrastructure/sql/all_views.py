"""All reads of identity."""

from chassis.persistence.database import Database
from identity.infrastructure.sql.credentials import SqlCredentials
from identity.infrastructure.sql.device_keys import SqlDeviceKeyViews
from identity.infrastructure.sql.devices import SqlDeviceViews
from identity.infrastructure.sql.erasures import SqlErasureViews
from identity.infrastructure.sql.factors import SqlFactorViews
from identity.infrastructure.sql.large_totals import LargeTotals
from identity.infrastructure.sql.messages import SqlMessageViews
from identity.infrastructure.sql.passwords import SqlPasswordHashes
from identity.infrastructure.sql.reads import SqlReads
from identity.infrastructure.sql.recovery import SqlRecoveryViews
from identity.infrastructure.sql.sessions import SqlSessionViews
from identity.infrastructure.sql.signing_keys import SqlSigningKeyViews
from identity.infrastructure.sql.user_data import SqlUserData
from identity.infrastructure.sql.users import SqlUserViews
from identity.infrastructure.sql.wallet_addresses import SqlWalletAddressViews
from identity.infrastructure.vault import Vault
from kernel.clock import Clock


class SqlIdentityQueries(
    SqlUserViews,
    SqlPasswordHashes,
    SqlUserData,
    SqlCredentials,
    SqlSessionViews,
    SqlDeviceViews,
    SqlWalletAddressViews,
    SqlSigningKeyViews,
    SqlMessageViews,
    SqlDeviceKeyViews,
    SqlFactorViews,
    SqlRecoveryViews,
    SqlErasureViews,
):
    """All that identity can be asked, of one database."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        SqlReads.__init__(self, database, vault)
        self._totals = LargeTotals(clock)
        self._clock = clock
