"""A passkey authenticator in software (WebAuthn level 3, ES256 or RS256), which can also be made to misbehave."""

import base64
import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN = "http://localhost:8000"
_PRESENT, _VERIFIED, _BACKUP_ELIGIBLE, _BACKED_UP, _ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


@dataclass
class Authenticator:
    """`counts`: whether it counts its signatures; `synchronized`: whether its provider stores a copy of the key.

    `eligible`: whether its provider may store a copy, if that differs from `synchronized`.
    """

    origin: str = ORIGIN
    party: str = "localhost"
    verifies_user: bool = True
    counts: bool = True
    synchronized: bool = False
    eligible: bool | None = None
    count: int = 0
    user_handle: bytes | None = None
    key: EllipticCurvePrivateKey | RSAPrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer navigator.credentials.create()."""
        self.user_handle = _bytes(options["user"]["id"])
        client_data = self._client_data("webauthn.create", options["challenge"])
        attestation = {"fmt": "none", "attStmt": {}, "authData": self._data(attested=True)}
        response = {"clientDataJSON": _text(client_data), "attestationObject": _text(cbor2.dumps(attestation))}
        return self._credential(response)

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer navigator.credentials.get()."""
        self.count += self.counts
        client_data, data = self._client_data("webauthn.get", options["challenge"]), self._data(attested=False)
        signature = self._sign(data + hashlib.sha256(client_data).digest())
        response = {
            "clientDataJSON": _text(client_data),
            "authenticatorData": _text(data),
            "signature": _text(signature),
            "userHandle": _text(self.user_handle) if self.user_handle else None,
        }
        return self._credential(response)

    def belongs_to(self, user_id: UUID) -> None:
        self.user_handle = user_id.bytes

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        credential_id = _text(self.credential_id)
        return {"id": credential_id, "rawId": credential_id, "type": "public-key", "response": response}

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _data(self, *, attested: bool) -> bytes:
        flags = _PRESENT | (_VERIFIED if self.verifies_user else 0) | (_ATTESTED if attested else 0)
        eligible = self.synchronized if self.eligible is None else self.eligible
        flags |= (_BACKUP_ELIGIBLE if eligible else 0) | (_BACKED_UP if self.synchronized else 0)
        data = hashlib.sha256(self.party.encode()).digest() + struct.pack(">BI", flags, self.count)
        if not attested:
            return data
        return data + bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + self._cose_key()

    def _sign(self, signed: bytes) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(signed, PKCS1v15(), SHA256())
        return self.key.sign(signed, ECDSA(SHA256()))

    def _cose_key(self) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            rsa = self.key.public_key().public_numbers()
            # kty RSA, alg RS256, n, e.
            return cbor2.dumps({1: 3, 3: -257, -1: rsa.n.to_bytes(self.key.key_size // 8, "big"), -2: rsa.e.to_bytes(3, "big")})
        numbers = self.key.public_key().public_numbers()
        # kty EC2, alg ES256, crv P-256, x, y.
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
