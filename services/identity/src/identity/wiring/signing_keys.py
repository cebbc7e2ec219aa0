"""The keys that sign access tokens."""

from chassis.wiring import wire
from identity.application.signing_keys import SigningKeys
from identity.infrastructure.signing_keys import SealedKeyMaker
from identity.wiring.dependencies import Dependencies


def signing_keys(given: Dependencies) -> SigningKeys:
    return wire(
        SigningKeys,
        uow=given.uow,
        views=given.views.signing_keys,
        key_maker=SealedKeyMaker(*given.settings.keys()),
        key_life=given.settings.signing_key_life,
        clock=given.clock,
    )
