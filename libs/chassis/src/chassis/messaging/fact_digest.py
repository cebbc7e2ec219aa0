"""The digest that names an audit fact in its producer's journal and in the log, and the chain of numbered facts."""

import hashlib

from elcorp.compliance.v1.events_pb2 import AuditFact


def digest_of(fact: AuditFact) -> bytes:
    """Return the SHA-256 of a fact's message without its digest, 32 bytes.

    A release that does not know a field of the message keeps it: as the last field, where a later release has put it too.
    """
    if fact.digest:
        fact, given = AuditFact(), fact
        fact.CopyFrom(given)
        fact.ClearField("digest")
    return hashlib.sha256(fact.SerializeToString(deterministic=True)).digest()


def chain_of(previous: bytes, fact: bytes) -> bytes:
    """Return the chain of a numbered fact: SHA-256 over the previous chain (empty for number 1), the fact's id and its digest.

    `fact` has the 16 bytes of the id and the 32 bytes of the digest.
    """
    return hashlib.sha256(previous + fact).digest()
