"""Verify the audit log offline, from a proof, the log's public key, and this file with its imports.

    python -m compliance.verifier --bundle FILE --key KEY
    python -m compliance.verifier --consistency FILE --key KEY

FILE is what /api/v1/audit/entries/{entry}/proof or /api/v1/audit/consistency answered. A bundle is JSON: `entry` (the
leaf, base64), `index`, `proof` (base64 hashes from the leaf upwards) and `checkpoint` (the signed note). The key is the
log's verifier key from /api/v1/audit/key, in the copy that the auditor obtained earlier.

It requires Python and `cryptography`, and no other part of the platform.
"""

import argparse
import base64
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from compliance.domain import merkle
from compliance.domain.checkpoint import Checkpoint, MalformedNote, VerifierKey
from compliance.domain.entry import AuditEntry, read_leaf

NOT_PROVEN = 1
# A tree of 2**63 leaves has proofs of 63 hashes; a consistency proof has one more.
PROOF_HASHES_MAX = 64
# The errors that reading any malformed file can raise.
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


class NotProven(Exception):
    """The proof is not valid. The message says why."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The proven statement: the entry is leaf `index` of the log with `tree_size` leaves and this root."""

    index: int
    tree_size: int
    root_hash: bytes
    entry: AuditEntry


def verify_bundle(bundle: Mapping[str, Any], *, key: str) -> Verified:
    """Verify that the entry is in the log at the signed checkpoint. Raise NotProven if it is not."""
    try:
        checkpoint = _open(bundle["checkpoint"], key)
        leaf = base64.b64decode(bundle["entry"], validate=True)
        proof = _hashes(bundle["proof"])
        index = _index(bundle["index"])
        entry = read_leaf(leaf)
    except _MALFORMED as error:
        raise NotProven(f"not a proof bundle: {error!r}") from error
    root = merkle.root_from_inclusion(index, checkpoint.size, merkle.leaf_hash(leaf), proof)
    if root != checkpoint.root_hash:
        raise NotProven("the proof does not lead from the entry to the signed root")
    return Verified(index, checkpoint.size, checkpoint.root_hash, entry)


def verify_consistency(answer: Mapping[str, Any], *, key: str) -> tuple[Checkpoint, Checkpoint]:
    """Verify that the log at the earlier checkpoint is the beginning of the later one. Raise NotProven if it is not.

    `answer` holds `first` and `second`, each with its signed `note`, and the `proof`.
    """
    try:
        first, second = (_open(answer[name]["note"], key) for name in ("first", "second"))
        proof = _hashes(answer["proof"])
    except _MALFORMED as error:
        raise NotProven(f"not a consistency proof: {error!r}") from error
    roots = merkle.roots_from_consistency(first.size, second.size, first.root_hash, proof)
    if roots != (first.root_hash, second.root_hash):
        raise NotProven("the later log does not begin with the earlier one")
    return first, second


def _open(note: object, key: str) -> Checkpoint:
    if not isinstance(note, str):
        raise NotProven("the checkpoint is not a note")
    try:
        return Checkpoint.open(note, VerifierKey.parse(key), ed25519)
    except MalformedNote as error:
        raise NotProven(str(error)) from error


def ed25519(public_key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _index(value: object) -> int:
    if type(value) is not int:  # True is an int, too
        raise TypeError("the index is not a whole number")
    return value


def _hashes(proof: object) -> list[bytes]:
    if not isinstance(proof, list):
        raise TypeError("the proof is not a list")
    hashes = [base64.b64decode(part, validate=True) for part in proof]
    if len(hashes) > PROOF_HASHES_MAX or any(len(hash_) != merkle.HASH_BYTES for hash_ in hashes):
        raise ValueError("the proof is not a short list of SHA-256 hashes")
    return hashes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--bundle", type=Path, help="a response of /audit/entries/{entry}/proof: prove that the entry is in the log"
    )
    what.add_argument(
        "--consistency", type=Path, help="a response of /audit/consistency: prove that nothing was rewritten in between"
    )
    parser.add_argument("--key", help="the log's verifier key, saved earlier from /audit/key; default: the key in the file")


def run(arguments: argparse.Namespace) -> int:
    """Verify the given file and print the proven statement. The exit code is 1 if the proof is not valid."""
    try:
        answer = _read(arguments.bundle or arguments.consistency)
        key = arguments.key or str(answer.get("key", ""))
        lines = _prove_entry(answer, key) if arguments.bundle else _prove_history(answer, key)
    except NotProven as problem:
        sys.stderr.write(f"NOT PROVEN: {problem}\n")
        return NOT_PROVEN
    sys.stdout.write("\n".join(lines) + "\n")
    if not arguments.key:
        sys.stderr.write(f"but the key came with the proof; compare it with a key from another source: {key}\n")
    return 0


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise NotProven(f"{file} cannot be read: {error}") from error
    # The whole response of the API, or its `data` alone.
    answer = content.get("data", content) if isinstance(content, dict) else None
    if not isinstance(answer, dict):
        raise NotProven(f"{file} contains no proof")
    return answer


def _prove_entry(bundle: Mapping[str, Any], key: str) -> list[str]:
    verified = verify_bundle(bundle, key=key)
    entry = verified.entry
    what = f"{entry.action} on {entry.resource_type} {entry.resource_id} by {entry.actor.kind} {entry.actor.subject_id}"
    return [
        f"proven: entry {verified.index} of {verified.tree_size}, root {verified.root_hash.hex()}",
        f"{entry.occurred_at.isoformat()} {entry.producer}: {what}",
    ]


def _prove_history(answer: Mapping[str, Any], key: str) -> list[str]:
    first, second = verify_consistency(answer, key=key)
    return [f"proven: the log of {second.size} entries begins with the {first.size} of the earlier checkpoint"]


if __name__ == "__main__":
    _parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(_parser)
    sys.exit(run(_parser.parse_args()))
