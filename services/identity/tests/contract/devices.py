"""A device with its own key, as an app holds it."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.crypto import SigningKey
from services.identity.tests.contract.api import Api

REFRESH_URL = "http://localhost:8000/api/v1/auth/refresh"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass
class Ed25519Device:
    key: SigningKey = field(default_factory=SigningKey.generate)
    algorithm = "Ed25519"

    @property
    def public(self) -> bytes:
        return self.key.public_bytes

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)


@dataclass
class Es256Device:
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    algorithm = "ES256"

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self.key.sign(message, ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def proof(device: Ed25519Device | Es256Device, challenge: str, **changes: Any) -> dict[str, Any]:
    """Make the body of a registration, as documented."""
    public = b64(device.public)
    message = f"elcorp-device-key-v1\n{challenge}\n{device.algorithm}\n{public}"
    signature = b64(device.sign(message.encode()))
    return {"algorithm": device.algorithm, "public_key": public, "challenge": challenge, "signature": signature, **changes}


def dpop(device: Ed25519Device | Es256Device, *, at: datetime, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """Make the proof of a refresh (RFC 9449 section 4.2); `changes` apply to its payload, and None removes a member."""
    public = device.public
    if isinstance(device, Es256Device):
        jwk = {"kty": "EC", "crv": "P-256", "x": b64(public[1:33]), "y": b64(public[33:])}
    else:
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(public)}
    algorithm = "ES256" if isinstance(device, Es256Device) else "EdDSA"
    protected = {"typ": "dpop+jwt", "alg": algorithm, "jwk": jwk, **(header or {})}
    payload = {"jti": str(uuid4()), "htm": "POST", "htu": REFRESH_URL, "iat": int(at.timestamp()), **changes}
    parts = [{name: value for name, value in part.items() if value is not None} for part in (protected, payload)]
    signed = ".".join(b64(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{b64(device.sign(signed.encode()))}"


async def register_key(api: Api, token: str, device: Ed25519Device | Es256Device) -> httpx.Response:
    """Register the device's key: request a challenge and sign it."""
    challenge = (await api.post("/device-keys/challenges", token=token)).json()["data"]["challenge"]
    return await api.post("/device-keys", proof(device, challenge), token=token)
