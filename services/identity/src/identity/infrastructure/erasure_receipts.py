"""Receipts of erasures: a statement, signed with Ed25519, that anybody can check with nothing but our public key.

`statement` is signed as canonical JSON: keys sorted, no spaces, ASCII alone.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from chassis.crypto import SigningKey, verify_signature


@dataclass(frozen=True, slots=True)
class ReceiptKey:
    id: UUID
    signing: SigningKey

    @classmethod
    def generate(cls, key_id: UUID) -> Self:
        return cls(key_id, SigningKey.generate())


def sign(key: ReceiptKey, statement: dict[str, Any]) -> dict[str, Any]:
    signature = base64.b64encode(key.signing.sign(_canonical(statement))).decode()
    return {"statement": statement, "key_id": str(key.id), "signature": signature}


def verify_receipt(receipt: dict[str, Any], public_key: bytes) -> bool:
    """Tell whether a receipt is the key's and unchanged; False for what is no receipt at all."""
    try:
        signature = base64.b64decode(receipt["signature"], validate=True)
        return verify_signature(public_key, signature, _canonical(receipt["statement"]))
    except (KeyError, TypeError, binascii.Error):
        return False


def _canonical(statement: dict[str, Any]) -> bytes:
    return json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
