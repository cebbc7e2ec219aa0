"""What identity can be asked, all of it."""

from typing import Protocol

from identity.application.device_keys.views import DeviceKeyViews
from identity.application.devices.views import DeviceViews
from identity.application.erasures.views import ErasureViews
from identity.application.factors.views import FactorViews
from identity.application.messages.views import MessageViews
from identity.application.ports.credentials import Credentials
from identity.application.recovery.views import RecoveryViews
from identity.application.sessions.views import SessionViews
from identity.application.signing_keys.views import SigningKeyViews
from identity.application.users.views import UserDataViews, UserViews
from identity.application.wallet_addresses.views import WalletAddressViews


class IdentityQueries(
    UserViews,
    Credentials,
    SessionViews,
    DeviceViews,
    WalletAddressViews,
    SigningKeyViews,
    MessageViews,
    DeviceKeyViews,
    FactorViews,
    RecoveryViews,
    ErasureViews,
    UserDataViews,
    Protocol,
):
    pass
