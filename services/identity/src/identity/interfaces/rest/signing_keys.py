"""The public keys of access tokens, at the path of RFC 8414. There is no envelope: RFC 7517 defines the document."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Response

from chassis.rest import Public, Router
from kernel.reads import NOBODY

CACHED_SECONDS = 60


def jwks_router(read: Callable[[], Mapping[str, Any]]) -> Router:
    """Serve the RFC 7517 document that `read` returns from memory."""
    router = Router(base="", tags=["keys"])

    @router.get("/.well-known/jwks.json", dependencies=[Public], reads=NOBODY)
    async def get_signing_keys(response: Response) -> dict[str, Any]:
        """Get the keys that verify access tokens: the current key, the next one, and recently retired ones."""
        response.headers["cache-control"] = f"public, max-age={CACHED_SECONDS}"
        return dict(read())

    return router
