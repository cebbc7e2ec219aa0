"""Signs the reports of access reviews."""

import base64
import hashlib
from typing import Final, Self

from chassis.crypto import SigningKey
from chassis.crypto.keys import derive
from governance.domain.access_review import STATEMENT_TYPE, SignedReport

_PURPOSE: Final = "access-review-reports/v1"


class Ed25519ReportSigner:
    """Signs "elcorp-access-review-v1", a line feed, and the statement. The key's id is half of the SHA-256 of the public key."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self._key_id = hashlib.sha256(key.public_bytes).hexdigest()[:32]

    @classmethod
    def of(cls, secret: bytes) -> Self:
        """Derive the key from a secret of 32 bytes."""
        return cls(SigningKey.from_bytes(derive(secret, _PURPOSE)))

    @property
    def public_key(self) -> bytes:
        return self._key.public_bytes

    def sign(self, statement: bytes) -> SignedReport:
        signature = base64.b64encode(self._key.sign(signed_bytes(statement))).decode()
        return SignedReport(statement.decode(), hashlib.sha256(statement).hexdigest(), self._key_id, signature)


def signed_bytes(statement: bytes) -> bytes:
    """Return what the signature is over."""
    return STATEMENT_TYPE.encode() + b"\n" + statement
