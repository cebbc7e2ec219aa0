"""What somebody asks for: who pays whom, how much, and how."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from kernel.errors import InvalidValue
from kernel.money import Currency, Money
from payments.domain.errors import NotPositive, SelfTransfer

METADATA_KEYS_MAX: Final = 20
METADATA_LENGTH_MAX: Final = 500
_KEY_LENGTH_MAX: Final = 255


class TransferKind(StrEnum):
    TRANSFER = "transfer"
    # To a merchant's wallet, between currencies too.
    PAYMENT = "payment"
    # To any other wallet between currencies, at the rate of the day.
    CONVERSION = "conversion"
    ISSUANCE = "issuance"
    REFUND = "refund"
    REVERSAL = "reversal"

    @property
    def is_the_owners(self) -> bool:
        """Whether only the source's owner may ask for it; the platform makes the others."""
        return self in _THE_OWNERS


_THE_OWNERS: Final = frozenset({TransferKind.TRANSFER, TransferKind.PAYMENT, TransferKind.CONVERSION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The payer's, over the canonical form of the order, by the key of a device of theirs. `value` is base64url."""

    key_id: UUID
    algorithm: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOrder:
    """`key` is the caller's Idempotency-Key, unique to the initiator.

    `target_currency` is what shall arrive where it is another currency than the amount's. With `capture_later` the money is
    put on hold, to be captured or let go.
    """

    kind: TransferKind
    key: str
    initiator_id: UUID
    source_id: UUID
    target_id: UUID
    amount: Money
    description: str
    reference: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    target_currency: str | None = None
    capture_later: bool = False
    parent_id: UUID | None = None
    link_id: UUID | None = field(default=None, compare=False)
    signature: Signature | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not self.amount.is_positive:
            raise NotPositive(field="amount", amount=self.amount.text)
        if self.source_id == self.target_id:
            raise SelfTransfer(field="target_wallet_id", wallet_id=self.source_id)
        if self.metadata:
            _require_bounded(self.metadata)
        if self.kind is not TransferKind.PAYMENT and (self.kind is TransferKind.CONVERSION) != (self.target_currency is not None):
            raise InvalidValue(field="target_currency", expected="a currency, in conversions and in nothing else")
        if self.target_currency is not None:
            self._require_convertible(self.target_currency)

    @property
    def kinds(self) -> tuple[TransferKind, ...]:
        """What it may turn out to be once the payee's wallet is known (`parties.kind_to`)."""
        if not self.kind.is_the_owners:
            return (self.kind,)
        return (TransferKind.CONVERSION if self.target_currency else TransferKind.TRANSFER, TransferKind.PAYMENT)

    def of_kind(self, kind: TransferKind) -> Self:
        return self if kind is self.kind else replace(self, kind=kind)

    def asks_the_same_as(self, other: Self) -> bool:
        """Tell whether two requests ask for one thing. What kind that is was for the ledger to say, when it was made."""
        return self.kind in other.kinds and self == other.of_kind(self.kind)

    @property
    def signed_text(self) -> bytes:
        """What a payer signs: the order as JSON in the canonical form of RFC 8785, under a name that no other text has.

        Empty fields are left out, so that a plain transfer signs who pays whom how much, and under which key.
        """
        fields: dict[str, object] = {
            "amount": self.amount.text,
            "currency": self.amount.currency.code,
            "idempotency_key": self.key,
            "kind": self.kind.value,
            "source_wallet_id": str(self.source_id),
            "target_wallet_id": str(self.target_id),
            "description": self.description,
            "reference": self.reference,
            "metadata": _by_utf16(self.metadata),
            "target_currency": self.target_currency,
            "capture": "later" if self.capture_later else "",
        }
        told = {name: fields[name] for name in sorted(fields) if fields[name]}
        return b"elcorp-transfer-v1\n" + json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()

    def _require_convertible(self, target_currency: str) -> None:
        if Currency.of(target_currency) == self.amount.currency:
            raise InvalidValue(field="target_currency", expected="another currency than the amount's")
        if self.capture_later:
            # The rate of the day of the order is not the rate of the day of the capture.
            raise InvalidValue(field="capture", expected="now, for conversions")


def leg_key(key: str, number: int) -> str:
    """Return the key of one of several linked orders, by the key of them all; a long one is told apart by its hash."""
    if len(key) > _KEY_LENGTH_MAX - len("/999"):
        key = f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
    return f"{key}/{number}"


def key_beyond(orders: Sequence[TransferOrder]) -> str | None:
    """Return the key that one more linked order would have; None for a single order."""
    stem, _, number = orders[-1].key.rpartition("/")
    return leg_key(stem, int(number) + 1) if len(orders) > 1 and number.isdecimal() else None


def _by_utf16(metadata: Mapping[str, str]) -> dict[str, str]:
    # RFC 8785 sorts names by UTF-16 code units, which beyond U+FFFF is another order than Python's.
    return {name: metadata[name] for name in sorted(metadata, key=lambda name: name.encode("utf-16-be"))}


def _require_bounded(metadata: Mapping[str, str]) -> None:
    if len(metadata) > METADATA_KEYS_MAX:
        raise InvalidValue(field="metadata", expected=f"at most {METADATA_KEYS_MAX} entries")
    if any(len(name) > METADATA_LENGTH_MAX or len(value) > METADATA_LENGTH_MAX for name, value in metadata.items()):
        raise InvalidValue(field="metadata", expected=f"names and values of at most {METADATA_LENGTH_MAX} characters")
