"""Text messages by an HTTP gateway: POST {"id", "from", "to", "text"} with a bearer token. Any 2xx is success."""

from dataclasses import dataclass, field

import aiohttp

from identity.domain.message import Letter, Undeliverable
from kernel.errors import Unavailable

TIMEOUT_SECONDS = 10.0
_TAKEN = range(200, 300)
_REFUSED = range(400, 500)
# Errors that the message does not cause: our token, the gateway's rate limit, or its state.
_LATER = frozenset({401, 403, 408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSmsTransport:
    """The letter's id is sent as Idempotency-Key, so that the gateway sends a repeated text message once."""

    url: str
    sender: str
    token: str = field(repr=False)

    async def deliver(self, letter: Letter) -> None:
        try:
            status = await self._post(letter)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(dependency="sms", problem=type(error).__name__) from None
        if status in _REFUSED and status not in _LATER:
            raise Undeliverable
        if status not in _TAKEN:
            raise Unavailable(dependency="sms", status=status)

    async def _post(self, letter: Letter) -> int:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": str(letter.id)}
        body = {"id": str(letter.id), "from": self.sender, "to": letter.to, "text": letter.text}
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(self.url, json=body, headers=headers, allow_redirects=False) as response,
        ):
            return response.status
