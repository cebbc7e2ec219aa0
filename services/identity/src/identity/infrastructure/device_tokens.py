"""Tokens that prove that a device is known: our signature over its user and since when it is known.

Layout: "eld_" + base64url of HMAC-SHA-256 (32 bytes) over user id, device id and the microsecond since which it is known.

A device gets the token with every sign-in and sends it with the next one. It does not authenticate: a password is still required.
It only proves that the device has signed in to this account before, so that attempts on it are counted apart from strangers',
who then cannot lock out the owner there. A thief of the token gets that device's attempts, nothing more.
Nothing is stored. After a revocation, the device is known since another time, and so has another token. A lost response does no
harm, because the next one has the same token.
"""

import base64
import hashlib
import hmac
import struct
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from chassis.crypto.keys import derive
from identity.domain.device import Device

PREFIX: Final = "eld_"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS: Final = struct.Struct(">16s16sq")


class SignedDeviceTokens:
    def __init__(self, master_key: bytes) -> None:
        self._key = derive(master_key, "device-tokens/v1")

    def issue(self, device: Device) -> str:
        return self._sign(device.user_id, device.device_id, device.known_since or device.first_seen_at)

    def proves(self, text: str, *, user_id: UUID, device_id: UUID, known_since: datetime) -> bool:
        return hmac.compare_digest(text.encode(), self._sign(user_id, device_id, known_since).encode())

    def _sign(self, user_id: UUID, device_id: UUID, known_since: datetime) -> str:
        since = known_since - _EPOCH
        microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        signature = hmac.digest(self._key, _FIELDS.pack(user_id.bytes, device_id.bytes, microseconds), hashlib.sha256)
        return PREFIX + base64.urlsafe_b64encode(signature).decode().rstrip("=")
