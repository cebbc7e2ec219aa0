"""Signatures of decisions: Ed25519 over the decision's canonical form, with a key for each decider."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from chassis.crypto import SigningKey, verify_signature
from chassis.crypto.keys import derive
from kernel.approvals import ApprovalDecision, DecisionInvalid, SignedDecision

_PURPOSE: Final = "approval-decisions/v1"


def key_id_of(public_key: bytes) -> str:
    """Return the id of a public key: the beginning of its SHA-256, so that one id cannot stand for two keys."""
    return hashlib.sha256(public_key).hexdigest()[:32]


def decision_key(secret: bytes) -> SigningKey:
    """Derive a service's key for decisions that it makes itself."""
    return SigningKey.from_bytes(derive(secret, _PURPOSE))


@dataclass(frozen=True, slots=True)
class DecisionKeys:
    """The public keys of deciders, by their names: a key signs only as its own decider."""

    keys: Mapping[tuple[str, str], bytes]

    @classmethod
    def of(cls, deciders: Mapping[str, Sequence[bytes]]) -> Self:
        return cls({(name, key_id_of(key)): key for name, keys in deciders.items() for key in keys})

    def require(self, signed: SignedDecision) -> bytes:
        """Return the public key that signed it. Raise DecisionInvalid if its decider has no such key, or did not sign this."""
        decision = signed.decision
        public_key = self.keys.get((decision.decider, signed.key_id))
        if public_key is None or not verify_signature(public_key, signed.signature, decision.signed_text):
            raise DecisionInvalid(approval_id=decision.approval_id, decider=decision.decider, key_id=signed.key_id)
        return public_key


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """Signs the decisions that the service makes itself. It knows its former key while the secret is replaced."""

    name: str
    key: SigningKey
    former: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, name: str, secrets: Sequence[bytes]) -> Self:
        """Derive the keys from secrets of 32 bytes; the first one signs."""
        key, *former = (decision_key(secret) for secret in secrets)
        return cls(name, key, tuple(each.public_bytes for each in former))

    @property
    def keys(self) -> DecisionKeys:
        return DecisionKeys.of({self.name: (self.key.public_bytes, *self.former)})

    def sign(self, decision: ApprovalDecision) -> SignedDecision:
        signature = self.key.sign(decision.signed_text)
        return SignedDecision(decision=decision, key_id=key_id_of(self.key.public_bytes), signature=signature)
