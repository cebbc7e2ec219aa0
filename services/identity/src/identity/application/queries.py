"""What identity can be asked, all of it."""

from typing import Protocol

from identity.application.accounts.queries import AccountQueries
from identity.application.addresses.queries import AddressQueries
from identity.application.device_keys.queries import DeviceKeyQueries
from identity.application.factors.queries import FactorQueries
from identity.application.keys.queries import KeyQueries
from identity.application.messages.queries import MessageQueries
from identity.application.privacy.queries import PrivacyQueries
from identity.application.recovery.queries import RecoveryQueries
from identity.application.sessions.queries import SessionQueries


class IdentityQueries(
    AccountQueries,
    SessionQueries,
    AddressQueries,
    KeyQueries,
    MessageQueries,
    DeviceKeyQueries,
    FactorQueries,
    RecoveryQueries,
    PrivacyQueries,
    Protocol,
):
    pass
