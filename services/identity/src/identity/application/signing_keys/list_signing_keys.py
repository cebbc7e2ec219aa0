from collections.abc import Sequence
from dataclasses import dataclass

from identity.application.signing_keys.views import SigningKeyViews
from identity.domain.signing_key import SigningKey


@dataclass(frozen=True, slots=True)
class ListSigningKeys:
    """List the keys of access tokens that verifiers may still need."""

    views: SigningKeyViews

    async def __call__(self) -> Sequence[SigningKey]:
        return await self.views.signing_keys()
