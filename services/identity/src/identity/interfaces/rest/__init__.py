"""Identity over REST."""

from chassis.rest import Router
from identity.interfaces.rest.auth import auth
from identity.interfaces.rest.dev_mailbox import dev
from identity.interfaces.rest.device_keys import device_keys
from identity.interfaces.rest.devices import devices
from identity.interfaces.rest.factors import factors
from identity.interfaces.rest.own_account import own_account
from identity.interfaces.rest.passkeys import passkeys
from identity.interfaces.rest.privacy import erasures, privacy
from identity.interfaces.rest.recovery import recovery
from identity.interfaces.rest.sessions import proofs, sessions, tokens
from identity.interfaces.rest.signing_keys import jwks_router
from identity.interfaces.rest.users import users
from identity.interfaces.rest.wallet_addresses import wallet_addresses

# One's own account first: "/users/me/email" is not the e-mail of a user called "me".
ROUTERS = (
    auth,
    own_account,
    users,
    tokens,
    sessions,
    devices,
    wallet_addresses,
    device_keys,
    proofs,
    factors,
    passkeys,
    recovery,
    privacy,
    erasures,
)


def served(*, mailbox: bool) -> tuple[Router, ...]:
    """Return what a process serves; the developer's mailbox only where messages are kept for one."""
    return (*ROUTERS, dev) if mailbox else ROUTERS


__all__ = ["ROUTERS", "dev", "jwks_router", "served"]
