"""Cryptography of the platform: encryption at rest, blind indexes, signatures.

Every key is derived from the master key for one purpose (HKDF), so that no two uses share a key.
"""

from chassis.crypto.blind_index import BlindIndex
from chassis.crypto.device_signatures import is_device_key, verify_device_signature
from chassis.crypto.sealing import Sealer, SealerRing, UnsealableError, field_context
from chassis.crypto.signing import SigningKey, verify_signature
from chassis.crypto.subject_keys import SubjectKeys

__all__ = [
    "BlindIndex",
    "Sealer",
    "SealerRing",
    "SigningKey",
    "SubjectKeys",
    "UnsealableError",
    "field_context",
    "is_device_key",
    "verify_device_signature",
    "verify_signature",
]
