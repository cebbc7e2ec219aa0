"""Verify a proof bundle offline: nothing but the bundle, the log's public key, and this file with the two it imports.

A bundle is JSON: `entry` (the leaf, base64), `index`, `proof` (base64 hashes from the leaf upwards) and `checkpoint` (the
signed note). The key is the log's verifier key, as published at /api/v1/audit/key and kept by the auditor from before.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from compliance.domain import merkle
from compliance.domain.checkpoint import Checkpoint, MalformedNote, VerifierKey
from compliance.domain.entry import AuditEntry, read_leaf


class NotProven(Exception):
    """The bundle does not prove what it claims; the message says why."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What has been proven: this entry is leaf `index` of the log that had `tree_size` leaves and this root."""

    index: int
    tree_size: int
    root_hash: bytes
    entry: AuditEntry


def verify_bundle(bundle: Mapping[str, Any], *, key: str) -> Verified:
    """Verify that the entry is in the log that the checkpoint signs for; raises NotProven."""
    try:
        checkpoint = _open(bundle["checkpoint"], key)
        leaf = base64.b64decode(bundle["entry"], validate=True)
        proof = [base64.b64decode(part, validate=True) for part in bundle["proof"]]
        index = int(bundle["index"])
        entry = read_leaf(leaf)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise NotProven(f"not a proof bundle: {error}") from error
    root = merkle.root_from_inclusion(index, checkpoint.size, merkle.leaf_hash(leaf), proof)
    if root != checkpoint.root_hash:
        raise NotProven("the proof does not lead from the entry to the signed root")
    return Verified(index, checkpoint.size, checkpoint.root_hash, entry)


def verify_consistency(first_note: str, second_note: str, proof: Sequence[str], *, key: str) -> tuple[Checkpoint, Checkpoint]:
    """Verify that the later checkpoint's log begins with the earlier's, entry for entry; raises NotProven."""
    try:
        first, second = _open(first_note, key), _open(second_note, key)
        hashes = [base64.b64decode(part, validate=True) for part in proof]
    except (ValueError, binascii.Error) as error:
        raise NotProven(f"not a consistency proof: {error}") from error
    roots = merkle.roots_from_consistency(first.size, second.size, first.root_hash, hashes)
    if roots != (first.root_hash, second.root_hash):
        raise NotProven("the later log does not begin with the earlier one")
    return first, second


def ed25519(public_key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _open(note: str, key: str) -> Checkpoint:
    try:
        return Checkpoint.open(note, VerifierKey.parse(key), ed25519)
    except MalformedNote as error:
        raise NotProven(str(error)) from error
