"""All use cases of identity, on their ports."""

from identity.application import Identity
from identity.wiring.dependencies import Dependencies
from identity.wiring.device_keys import device_keys
from identity.wiring.devices import devices
from identity.wiring.erasures import erasures
from identity.wiring.factors import factors
from identity.wiring.messages import messages
from identity.wiring.notices import notices
from identity.wiring.passkeys import passkeys
from identity.wiring.passwords import passwords
from identity.wiring.recovery import recovery
from identity.wiring.registration import registration
from identity.wiring.sessions import sessions
from identity.wiring.signing_keys import signing_keys
from identity.wiring.users import users
from identity.wiring.wallet_addresses import wallet_addresses


def build(given: Dependencies) -> Identity:
    return Identity(
        users=users(given),
        registration=registration(given),
        passwords=passwords(given),
        sessions=sessions(given),
        signing_keys=signing_keys(given),
        devices=devices(given),
        passkeys=passkeys(given),
        messages=messages(given),
        notices=notices(given),
        device_keys=device_keys(given),
        erasures=erasures(given),
        wallet_addresses=wallet_addresses(given),
        factors=factors(given),
        recovery=recovery(given),
    )
