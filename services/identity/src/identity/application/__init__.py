"""The use cases of identity: the table of contents."""

from dataclasses import dataclass

from identity.application.device_keys import DeviceKeys
from identity.application.devices import Devices
from identity.application.erasures import Erasures
from identity.application.factors import Factors
from identity.application.messages import Messages
from identity.application.notices import Notices
from identity.application.passkeys import Passkeys
from identity.application.passwords import Passwords
from identity.application.recovery import Recovery
from identity.application.registration import Registration
from identity.application.sessions import Sessions
from identity.application.signing_keys import SigningKeys
from identity.application.users import Users
from identity.application.wallet_addresses import WalletAddresses


@dataclass(frozen=True, slots=True)
class Identity:
    users: Users
    registration: Registration
    passwords: Passwords
    sessions: Sessions
    signing_keys: SigningKeys
    devices: Devices
    passkeys: Passkeys
    messages: Messages
    notices: Notices
    device_keys: DeviceKeys
    erasures: Erasures
    wallet_addresses: WalletAddresses
    factors: Factors
    recovery: Recovery
