"""The public keys of access tokens, where RFC 8414 and every verifier expect them. No envelope: it is a standard's."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Response

from chassis.rest import Public, Router
from kernel.reads import NOBODY

CACHED_SECONDS = 60


def jwks_router(read: Callable[[], Mapping[str, Any]]) -> Router:
    """Serve what `read` gives: the document of RFC 7517, from memory."""
    router = Router(base="", tags=["keys"])

    @router.get("/.well-known/jwks.json", dependencies=[Public], reads=NOBODY)
    async def get_signing_keys(response: Response) -> dict[str, Any]:
        """Read the keys that verify access tokens: the one that signs, the next, and those lately retired."""
        response.headers["cache-control"] = f"public, max-age={CACHED_SECONDS}"
        return dict(read())

    return router
