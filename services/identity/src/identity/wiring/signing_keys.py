"""The keys that sign access tokens."""

from identity.application.signing_keys import SigningKeys
from identity.application.signing_keys.ensure_signing_keys import EnsureSigningKeys
from identity.application.signing_keys.list_signing_keys import ListSigningKeys
from identity.application.signing_keys.rotate_signing_keys import RotateSigningKeys
from identity.infrastructure.signing_keys import SealedKeyMaker
from identity.wiring.dependencies import Dependencies


def signing_keys(given: Dependencies) -> SigningKeys:
    key_maker = SealedKeyMaker(*given.settings.keys())
    return SigningKeys(
        list_signing_keys=ListSigningKeys(views=given.views.signing_keys),
        ensure_signing_keys=EnsureSigningKeys(uow=given.uow, key_maker=key_maker, clock=given.clock),
        rotate_signing_keys=RotateSigningKeys(
            uow=given.uow, key_maker=key_maker, clock=given.clock, key_life=given.settings.signing_key_life
        ),
    )
