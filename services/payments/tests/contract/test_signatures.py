"""Payers' signatures, verified with the device keys that identity returns over gRPC."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.crypto import SigningKey
from kernel.errors import Unavailable
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.transfer_order import Signature, TransferKind, TransferOrder
from services.payments.tests.contract.device_keys import KEY_ID, SEED, Peers, device_keys

# A test vector for client authors: the signature of RFC 8032's first test key over the order below.
ORDER = TransferOrder(
    kind=TransferKind.TRANSFER,
    key="rent-march",
    initiator_id=UUID(int=10),
    source_id=UUID(int=11),
    target_id=UUID(int=12),
    amount=Money.of("250.00", "NAD"),
    description="rent, March",
)
VECTOR = "kJOHYxh3lWI77fq9kDjqKAzxZZO8HFuJTs72y2Ljdur19cvOxYnaxQ5xz8RRbJINM9QL_UkS9pO-qz24bvstBw"


@pytest.fixture
async def peers() -> AsyncIterator[Peers]:
    async with device_keys(ORDER.initiator_id) as peers:
        yield peers


def signed(value: bytes | str, *, algorithm: str = "Ed25519", key_id: UUID = KEY_ID) -> TransferOrder:
    text = value if isinstance(value, str) else base64.urlsafe_b64encode(value).decode().rstrip("=")
    return replace(ORDER, signature=Signature(key_id=key_id, algorithm=algorithm, value=text))


GOOD = SigningKey.from_bytes(SEED).sign(ORDER.signed_text)


async def test_the_published_vector_is_accepted(peers: Peers) -> None:
    assert await peers.takes(signed(VECTOR))
    assert await peers.takes(signed(VECTOR + "=="))


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Money.of("250.01", "NAD")},
        {"amount": Money.of("250.00", "ZAR")},
        {"target_id": UUID(int=13)},
        {"source_id": UUID(int=13)},
        {"key": "rent-april"},
        {"description": "rent, April"},
        {"reference": "R"},
        {"metadata": {"a": "b"}},
        {"capture_later": True},
        {"kind": TransferKind.PAYMENT},
    ],
)
async def test_a_signature_is_valid_for_one_order_only(peers: Peers, change: dict[str, Any]) -> None:
    assert not await peers.takes(replace(signed(GOOD), **change))


async def test_a_signature_is_valid_for_its_key_and_algorithm_only(peers: Peers) -> None:
    assert not await peers.takes(signed(SigningKey.generate().sign(ORDER.signed_text)))
    assert not await peers.takes(signed(GOOD, algorithm="ES256"))
    assert not await peers.takes(signed(GOOD, key_id=new_id()))


@pytest.mark.parametrize("value", ["", "A", "é" * 86, "!" * 86, "A" * 86, "A" * 88])
async def test_malformed_signatures_are_refused(peers: Peers, value: str) -> None:
    assert not await peers.takes(signed(value))


async def test_a_revoked_key_and_another_users_key_are_refused(peers: Peers) -> None:
    peers.identity.key.active = False
    assert not await peers.takes(signed(GOOD))
    peers.identity.key.active = True
    assert await peers.takes(signed(GOOD))
    peers.identity.key.user_id = str(new_id())
    assert not await peers.takes(signed(GOOD))


async def test_a_signature_by_a_phones_key_is_accepted(peers: Peers) -> None:
    private_key = generate_private_key(SECP256R1())
    peers.identity.key.algorithm = "ES256"
    peers.identity.key.public_key = private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    r, s = decode_dss_signature(private_key.sign(ORDER.signed_text, ECDSA(SHA256())))
    assert await peers.takes(signed(r.to_bytes(32, "big") + s.to_bytes(32, "big"), algorithm="ES256"))


async def test_while_identity_is_away_no_signature_is_accepted(peers: Peers) -> None:
    await peers.server.stop(grace_seconds=0)
    with pytest.raises(Unavailable):
        await peers.takes(signed(GOOD))
