"""An order: who pays whom, how much, and how."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from kernel.errors import InvalidValue
from kernel.money import Currency, Money
from payments.domain.errors import NotPositive, SelfTransfer

METADATA_KEYS_MAX: Final = 20
# The reason of holds that ended without a capture or decision in time.
EXPIRED: Final = "expired"
METADATA_LENGTH_MAX: Final = 500
_KEY_LENGTH_MAX: Final = 255
_KEY: Final = re.compile(rf"[\x21-\x7e]{{1,{_KEY_LENGTH_MAX}}}")
# Prefixes of keys that the platform makes on a payer's behalf.
_LEG: Final = "elcorp:"
RESERVED_KEYS: Final = ("schedule:", "bulk:", _LEG)


class TransferKind(StrEnum):
    TRANSFER = "transfer"
    # To a merchant's wallet, in one currency or between two.
    PAYMENT = "payment"
    # To any other wallet between currencies, at the current rate.
    CONVERSION = "conversion"
    ISSUANCE = "issuance"
    REFUND = "refund"
    REVERSAL = "reversal"

    @property
    def is_the_owners(self) -> bool:
        """Whether only the source's owner may order this kind; the platform makes the others."""
        return self in _THE_OWNERS


_THE_OWNERS: Final = frozenset({TransferKind.TRANSFER, TransferKind.PAYMENT, TransferKind.CONVERSION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The payer's signature over the canonical form of the order, by one of their device keys. `value` is base64url."""

    key_id: UUID
    algorithm: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOrder:
    """`key` is the caller's Idempotency-Key, unique to the initiator.

    `target_currency` is the currency that arrives, if it differs from the amount's. With `capture_later` the money is put on
    hold, to be captured or released. `organization_id` is the organization that the initiator acts for, if any.
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
    organization_id: UUID | None = None
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
            raise InvalidValue(field="target_currency", expected="a currency for a conversion only", given=self.target_currency)
        if self.target_currency is not None:
            self._require_convertible(self.target_currency)

    @property
    def payer_id(self) -> UUID:
        """The owner whose wallets the initiator may debit, and whose limits and rules apply."""
        return self.organization_id or self.initiator_id

    @property
    def kinds(self) -> tuple[TransferKind, ...]:
        """The kinds that it may become once the payee's wallet is known (`parties.kind_to`)."""
        if not self.kind.is_the_owners:
            return (self.kind,)
        return (TransferKind.CONVERSION if self.target_currency else TransferKind.TRANSFER, TransferKind.PAYMENT)

    def of_kind(self, kind: TransferKind) -> Self:
        return self if kind is self.kind else replace(self, kind=kind)

    def under(self, key: str) -> Self:
        """Return the order under another key."""
        return self if key == self.key else replace(self, key=key)

    def asks_the_same_as(self, other: Self) -> bool:
        """Return whether two orders are equal apart from their kind, which the ledger decided when the transfer was made."""
        return self.kind in other.kinds and self == other.of_kind(self.kind)

    @property
    def signed_text(self) -> bytes:
        """The text that a payer signs: a name that no other text has, then the order as JSON in the canonical form of RFC 8785.

        Empty fields are left out, so that a plain transfer signs only payer, payee, amount and key.
        """
        return b"elcorp-transfer-v1\n" + canonical(self.signed_fields(with_key=True))

    def signed_fields(self, *, with_key: bool) -> dict[str, object]:
        """Return the fields that are not empty, in canonical order; for a linked order without key and kind."""
        fields: dict[str, object] = {
            "amount": self.amount.text,
            "currency": self.amount.currency.code,
            "idempotency_key": self.key if with_key else "",
            "kind": self.kind.value if with_key else "",
            "source_wallet_id": str(self.source_id),
            "target_wallet_id": str(self.target_id),
            "description": self.description,
            "reference": self.reference,
            "metadata": _by_utf16(self.metadata),
            "target_currency": self.target_currency,
            "capture": "later" if self.capture_later else "",
        }
        return {name: fields[name] for name in sorted(fields) if fields[name]}

    def _require_convertible(self, target_currency: str) -> None:
        if Currency.of(target_currency, field="target_currency") == self.amount.currency:
            raise InvalidValue(field="target_currency", expected="a currency other than the amount's", given=target_currency)
        if self.capture_later:
            # The rate at the order would differ from the rate at the capture.
            expected = '"now", because a conversion cannot be captured later'
            raise InvalidValue(field="capture", expected=expected, given="later")


def leg_key(key: str, number: int) -> str:
    """Derive the key of one of several linked orders from the key of the request.

    The first order has the request's key, so that no other request of the initiator can use it. The others have keys that
    callers may not choose.
    """
    return f"{_LEG}{hashlib.sha256(key.encode()).hexdigest()}/{number}" if number else key


def are_legs(orders: Sequence[TransferOrder]) -> bool:
    """Return whether a caller linked the orders. Lines of a file have keys of their own."""
    return len(orders) > 1 and orders[1].key == leg_key(orders[0].key, 1)


def in_leg_order(orders: Sequence[TransferOrder]) -> Sequence[TransferOrder]:
    """Sort linked orders by their keys into the order in which the caller listed them."""
    by_key = {order.key: order for order in orders}
    [first] = (key for key in by_key if not key.startswith(RESERVED_KEYS))
    return [by_key[leg_key(first, number)] for number in range(len(orders))]


def key_before(key: str, number: int) -> str:
    """Return the key that the previous release gave to a linked order, to find its transfers for a repeated request."""
    if len(key) > _KEY_LENGTH_MAX - len("/999"):
        key = f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
    return f"{key}/{number}"


def other_keys(orders: Sequence[TransferOrder]) -> Iterator[str]:
    """Return other keys under which linked orders may have been made: with one more leg, or by the previous release."""
    if are_legs(orders):
        key = orders[0].key
        yield leg_key(key, len(orders))
        yield from (key_before(key, number) for number in range(len(orders) + 1))


def require_callers_key(key: str) -> str:
    """Return the key. Raise InvalidValue if it is malformed or reserved for the platform."""
    if not _KEY.fullmatch(key):
        raise InvalidValue(field="Idempotency-Key", expected=f"1 to {_KEY_LENGTH_MAX} visible ASCII characters")
    if key.startswith(RESERVED_KEYS):
        raise InvalidValue(field="Idempotency-Key", expected=f"a key that does not begin with {', '.join(RESERVED_KEYS)}")
    return key


def signed_list(orders: Sequence[TransferOrder]) -> bytes:
    """The text that a payer signs for linked orders: their key, and the digest of their canonical forms (RFC 8785) as a list."""
    legs = [order.signed_fields(with_key=False) for order in orders]
    return signed_digest("elcorp-linked-v1", orders[0].key, canonical(legs))


def signed_digest(name: str, key: str, content: bytes, **beside: str) -> bytes:
    """Return the text that is signed for a long request: a name of its own, the key and the digest of the content.

    `beside` has the request's parameters outside its content.
    """
    return signed_file(name, key, hashlib.sha256(content).hexdigest(), **beside)


def signed_file(name: str, key: str, content_digest: str, **beside: str) -> bytes:
    """As `signed_digest`, for content whose SHA-256 is known (hexadecimal)."""
    unsorted = {"digest": f"sha256:{content_digest}", "idempotency_key": key, **beside}
    fields = {name: unsorted[name] for name in sorted(unsorted)}
    return f"{name}\n".encode() + canonical(fields)


def canonical(value: object) -> bytes:
    """Write JSON in the form of RFC 8785. The caller must sort the names and use no floating-point numbers."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _by_utf16(metadata: Mapping[str, str]) -> dict[str, str]:
    # RFC 8785 sorts names by UTF-16 code units, which differs from Python's order beyond U+FFFF.
    return {name: metadata[name] for name in sorted(metadata, key=lambda name: name.encode("utf-16-be"))}


def _require_bounded(metadata: Mapping[str, str]) -> None:
    if len(metadata) > METADATA_KEYS_MAX:
        raise InvalidValue(field="metadata", expected=f"at most {METADATA_KEYS_MAX} entries", given=len(metadata))
    if any(len(name) > METADATA_LENGTH_MAX or len(value) > METADATA_LENGTH_MAX for name, value in metadata.items()):
        raise InvalidValue(field="metadata", expected=f"names and values of at most {METADATA_LENGTH_MAX} characters")
