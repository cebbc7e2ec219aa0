"""Identity over REST."""

from identity.interfaces.rest.auth import auth
from identity.interfaces.rest.device_keys import device_keys
from identity.interfaces.rest.jwks import jwks_router
from identity.interfaces.rest.sessions import sessions
from identity.interfaces.rest.users import users
from identity.interfaces.rest.wallet_addresses import wallet_addresses

ROUTERS = (auth, users, sessions, wallet_addresses, device_keys)

__all__ = ["ROUTERS", "jwks_router"]
