"""Refresh tokens: 256 random bits with our signature.

Layout: "elr_" + base64url of session id (16 bytes), user id (16), generation (4), random (32), HMAC-SHA-256 cut to 16.
The signature distinguishes a used token, which ends its session, from an invented one, which must not.
"""

import base64
import binascii
import hashlib
import hmac
import os
import struct
from typing import Final
from uuid import UUID

from chassis.crypto import Sealer, field_context
from chassis.crypto.keys import derive
from identity.domain.errors import InvalidRefreshToken
from identity.domain.refresh_token import RefreshToken

PREFIX: Final = "elr_"
_FIELDS: Final = struct.Struct(">16s16sI32s")
_SIGNATURE_BYTES: Final = 16
_RANDOM_BYTES: Final = 32


class SignedRefreshTokens:
    def __init__(self, master_key: bytes) -> None:
        self._key = derive(master_key, "refresh-tokens/v1")

    def issue(self, *, session_id: UUID, user_id: UUID, generation: int) -> RefreshToken:
        content = _FIELDS.pack(session_id.bytes, user_id.bytes, generation, os.urandom(_RANDOM_BYTES))
        text = PREFIX + base64.urlsafe_b64encode(content + self._sign(content)).decode().rstrip("=")
        return RefreshToken(text, session_id, user_id, generation, _digest(text))

    def read(self, text: str) -> RefreshToken:
        content, signature = _parts(text)
        if not hmac.compare_digest(signature, self._sign(content)):
            raise InvalidRefreshToken
        session_id, user_id, generation, _ = _FIELDS.unpack(content)
        return RefreshToken(text, UUID(bytes=session_id), UUID(bytes=user_id), generation, _digest(text))

    def seal_successor(self, spent: RefreshToken, successor: RefreshToken) -> bytes:
        return _sealer(spent).seal(successor.text.encode(), _context(spent))

    def open_successor(self, spent: RefreshToken, sealed: bytes) -> str:
        return _sealer(spent).open(sealed, _context(spent)).decode()

    def _sign(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, hashlib.sha256)[:_SIGNATURE_BYTES]


def _parts(text: str) -> tuple[bytes, bytes]:
    encoded = text.removeprefix(PREFIX)
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRefreshToken from None
    # Base64 has several spellings of one value. Accept only ours, because the digest is of the text.
    if len(raw) != _FIELDS.size + _SIGNATURE_BYTES or text != PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("="):
        raise InvalidRefreshToken
    return raw[: _FIELDS.size], raw[_FIELDS.size :]


def _digest(text: str) -> bytes:
    # Without salt or stretching: the token has 256 random bits.
    return hashlib.sha256(text.encode()).digest()


def _sealer(spent: RefreshToken) -> Sealer:
    # Derived from the used token's text, not from its digest, which is in the database.
    return Sealer(derive(hashlib.sha256(b"successor/v1\0" + spent.text.encode()).digest(), "refresh-successor/v1"))


def _context(spent: RefreshToken) -> bytes:
    return field_context("sessions", "sealed_successor", str(spent.session_id))
