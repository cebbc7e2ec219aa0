"""What identity can do: the table of contents."""

from dataclasses import dataclass

from identity.application.device_keys import DeviceKeys
from identity.application.erasures import Erasures
from identity.application.factors import Factors
from identity.application.passwords import Passwords
from identity.application.queries import IdentityQueries
from identity.application.recovery import Recovery
from identity.application.registration import Registration
from identity.application.sessions import Sessions
from identity.application.signing_keys import Keys
from identity.application.users import Users
from identity.application.wallet_addresses import Addresses


@dataclass(frozen=True, slots=True)
class Identity:
    users: Users
    registration: Registration
    passwords: Passwords
    sessions: Sessions
    keys: Keys
    device_keys: DeviceKeys
    addresses: Addresses
    erasures: Erasures
    factors: Factors
    recovery: Recovery
    queries: IdentityQueries
