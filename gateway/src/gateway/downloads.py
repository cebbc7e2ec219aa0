"""Downloads: files, exports and other long responses, whose clients may take them slowly."""

from http import HTTPStatus
from typing import Final

import aiohttp
import prometheus_client

from gateway.places import PlaceLimits, Places

OPEN: Final = prometheus_client.Gauge("gateway_open_downloads", "Long responses in progress.")
REFUSED: Final = prometheus_client.Counter("gateway_downloads_refused_total", "Long responses refused.", ("limit",))


# So much the buffers of this side take: the connection to the service is free although the client reads nothing.
SHORT_BYTES_MAX: Final = 131_072


class Downloads(Places):
    def __init__(self, limits: PlaceLimits) -> None:
        super().__init__("downloads", limits, refused=REFUSED)
        OPEN.set_function(lambda: self.open)


def is_download(method: str, response: aiohttp.ClientResponse) -> bool:
    """Return whether a response may hold its connection to the service for long. The answer to a change is never refused."""
    length = response.content_length
    return method == "GET" and response.status < HTTPStatus.MULTIPLE_CHOICES and (length is None or length > SHORT_BYTES_MAX)
