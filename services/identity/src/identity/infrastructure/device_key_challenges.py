"""Challenges without a table: signed by us for one user and device, with their expiry inside.

Layout: base64url of the expiry in Unix seconds (8 bytes), random (16), and HMAC-SHA-256 (32) over these, user and device.
"""

import base64
import binascii
import hashlib
import hmac
import os
import struct
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from chassis.crypto.keys import derive
from identity.application.ports.device_keys import Challenge
from identity.domain.errors import InvalidChallenge

LIFE: Final = timedelta(minutes=5)
_HEAD: Final = struct.Struct(">Q16s")
_RANDOM_BYTES: Final = 16


class SignedChallenges:
    def __init__(self, master_key: bytes) -> None:
        self._key = derive(master_key, "device-key-challenges/v1")

    def issue(self, user_id: UUID, device_id: UUID, *, at: datetime) -> Challenge:
        ends = int((at + LIFE).timestamp())
        head = _HEAD.pack(ends, os.urandom(_RANDOM_BYTES))
        return Challenge(_text(head + self._sign(head, user_id, device_id)), datetime.fromtimestamp(ends, UTC))

    def check(self, text: str, user_id: UUID, device_id: UUID, *, at: datetime) -> None:
        try:
            raw = base64.b64decode(text, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise InvalidChallenge(field="challenge") from None
        head, signature = raw[: _HEAD.size], raw[_HEAD.size :]
        if not hmac.compare_digest(signature, self._sign(head, user_id, device_id)):
            raise InvalidChallenge(field="challenge")
        if at.timestamp() >= _HEAD.unpack(head)[0]:
            raise InvalidChallenge(field="challenge")

    def _sign(self, head: bytes, user_id: UUID, device_id: UUID) -> bytes:
        return hmac.digest(self._key, head + user_id.bytes + device_id.bytes, hashlib.sha256)


def _text(raw: bytes) -> str:
    # 56 bytes end in "=", which the text keeps, so that there is only one spelling.
    return base64.urlsafe_b64encode(raw).decode()
