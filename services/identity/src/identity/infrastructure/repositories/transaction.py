"""All of them in one transaction."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.unit_of_work import SqlTransaction
from identity.infrastructure.repositories.accounts import SqlProfiles, SqlUsers, SqlWalletAddresses
from identity.infrastructure.repositories.device_keys import SqlDeviceKeys
from identity.infrastructure.repositories.keys import SqlSigningKeys
from identity.infrastructure.repositories.messages import DeferDelivery, SqlMessages
from identity.infrastructure.repositories.sessions import SqlDevices, SqlSessions
from identity.infrastructure.vault import Vault
from kernel.actor import Actor


class SqlIdentityTransaction(SqlTransaction):
    def __init__(self, session: AsyncSession, actor: Actor, *, vault: Vault, defer_delivery: DeferDelivery) -> None:
        super().__init__(session, actor)
        self.users = SqlUsers(session)
        self.profiles = SqlProfiles(session, vault)
        self.wallet_addresses = SqlWalletAddresses(session)
        self.devices = SqlDevices(session)
        self.sessions = SqlSessions(session)
        self.signing_keys = SqlSigningKeys(session)
        self.device_keys = SqlDeviceKeys(session)
        self.messages = SqlMessages(session, vault, defer_delivery)
