"""Receipts of erasures: a statement, signed with Ed25519, that anybody can verify with only our public key.

`statement` is signed as canonical JSON: sorted keys, no spaces, ASCII only.
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
    """Return whether the key signed this receipt and it is unchanged. Return False for anything that is not a receipt."""
    try:
        signature = base64.b64decode(receipt["signature"], validate=True)
        return verify_signature(public_key, signature, _canonical(receipt["statement"]))
    except (KeyError, TypeError, binascii.Error):
        return False


def _canonical(statement: dict[str, Any]) -> bytes:
    return json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
