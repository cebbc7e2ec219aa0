"""What identity can do: the table of contents."""

from dataclasses import dataclass

from identity.application.accounts import Accounts
from identity.application.device_keys import DeviceKeys
from identity.application.factors import Factors
from identity.application.privacy import Privacy
from identity.application.queries import IdentityQueries
from identity.application.recovery import Recovery
from identity.application.sessions import Sessions
from identity.application.signing_keys import Keys
from identity.application.wallet_addresses import Addresses


@dataclass(frozen=True, slots=True)
class Identity:
    accounts: Accounts
    sessions: Sessions
    keys: Keys
    device_keys: DeviceKeys
    addresses: Addresses
    privacy: Privacy
    factors: Factors
    recovery: Recovery
    queries: IdentityQueries
