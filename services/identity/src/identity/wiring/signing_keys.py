"""The keys that sign access tokens."""

from identity.application.signing_keys import Keys
from identity.application.signing_keys.ensure_signing_keys import EnsureSigningKeys
from identity.application.signing_keys.rotate_signing_keys import RotateSigningKeys
from identity.infrastructure.signing_keys import SealedKeyMaker
from identity.wiring.dependencies import Dependencies


def signing_keys(given: Dependencies) -> Keys:
    key_maker = SealedKeyMaker(*given.settings.keys())
    return Keys(
        ensure_signing_keys=EnsureSigningKeys(uow=given.uow, key_maker=key_maker, clock=given.clock),
        rotate_signing_keys=RotateSigningKeys(
            uow=given.uow, key_maker=key_maker, clock=given.clock, key_life=given.settings.signing_key_life
        ),
    )
