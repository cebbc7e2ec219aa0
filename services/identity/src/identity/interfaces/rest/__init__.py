"""The REST API of identity."""

from chassis.rest import Router
from identity.interfaces.rest.dev_mailbox import dev
from identity.interfaces.rest.device_keys import device_keys
from identity.interfaces.rest.devices import devices
from identity.interfaces.rest.erasures import erasures, user_erasures
from identity.interfaces.rest.factors import factors
from identity.interfaces.rest.notices import notices
from identity.interfaces.rest.passkeys import passkeys
from identity.interfaces.rest.passwords import password_resets, passwords
from identity.interfaces.rest.recovery import recovery
from identity.interfaces.rest.registration import own_contacts, registration
from identity.interfaces.rest.sessions import proofs, sessions, tokens
from identity.interfaces.rest.signing_keys import jwks_router
from identity.interfaces.rest.users import data_exports, users
from identity.interfaces.rest.wallet_addresses import wallet_addresses

ROUTERS = (
    registration,
    tokens,
    own_contacts,
    users,
    passwords,
    sessions,
    devices,
    wallet_addresses,
    device_keys,
    proofs,
    factors,
    passkeys,
    password_resets,
    recovery,
    data_exports,
    user_erasures,
    erasures,
    notices,
)


def served(*, mailbox: bool) -> tuple[Router, ...]:
    """Return the routers of a process. The developer's mailbox is served only where messages are kept for it."""
    return (*ROUTERS, dev) if mailbox else ROUTERS


__all__ = ["ROUTERS", "dev", "jwks_router", "served"]
