"""The values of `acr` (RFC 9068, RFC 9470): for a token's sign-in, and for the sign-in that a refused request needs."""

from collections.abc import Collection
from typing import Final

from kernel.assurance import MULTI_FACTOR

ACR_SINGLE_FACTOR: Final = "urn:elcorp:acr:sfa"
ACR_MULTI_FACTOR: Final = "urn:elcorp:acr:mfa"


def acr_of(methods: Collection[str]) -> str:
    """Return the authentication class of a sign-in by its methods (RFC 8176)."""
    return ACR_MULTI_FACTOR if MULTI_FACTOR in methods else ACR_SINGLE_FACTOR
