"""A device with a key of its own, as an app would hold it."""

import base64
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.crypto import SigningKey


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
    """Make the body of a registration, as the documentation says."""
    public = b64(device.public)
    message = f"elcorp-device-key-v1\n{challenge}\n{device.algorithm}\n{public}"
    signature = b64(device.sign(message.encode()))
    return {"algorithm": device.algorithm, "public_key": public, "challenge": challenge, "signature": signature, **changes}
