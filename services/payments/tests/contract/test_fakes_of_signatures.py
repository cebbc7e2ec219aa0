"""Payers' signatures: one suite for the fake and for the adapter, which gets keys from a real server and channel."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from chassis.crypto import SigningKey
from kernel.errors import Unavailable
from kernel.ids import new_id
from payments.application.ports.signatures import Signatures
from payments.domain.errors import InvalidSignature
from payments.domain.transfer_order import Signature
from services.payments.tests.contract.device_keys import KEY_ID, SEED, device_keys
from services.payments.tests.fakes.signatures import FakeSignatures

TEXTS: Final = (b"a transfer", b"a payment")
PAYER: Final = new_id()


def signature_of(text: bytes) -> Signature:
    """Sign with the payer's device key."""
    value = base64.urlsafe_b64encode(SigningKey.from_bytes(SEED).sign(text)).decode().rstrip("=")
    return Signature(key_id=KEY_ID, algorithm="Ed25519", value=value)


@dataclass
class Given:
    signatures: Signatures
    stop: Callable[[], Awaitable[None]]


@pytest.fixture(params=["fake", "identity"])
async def given(request: pytest.FixtureRequest) -> AsyncIterator[Given]:
    if request.param == "fake":
        fake = FakeSignatures(made={signature_of(text): (PAYER, text) for text in TEXTS})

        async def stop() -> None:
            fake.away = True

        yield Given(fake, stop)
        return
    async with device_keys(PAYER) as peers:
        yield Given(peers.signatures, lambda: peers.server.stop(grace_seconds=0))


@pytest.mark.parametrize("text", TEXTS)
async def test_the_signed_text_is_returned(given: Given, text: bytes) -> None:
    for texts in ([text], TEXTS, TEXTS[::-1]):
        assert await given.signatures.verify(signature_of(text), by=PAYER, texts=texts) == text


async def test_a_signature_over_none_of_the_texts_is_refused(given: Given) -> None:
    with pytest.raises(InvalidSignature):
        await given.signatures.verify(signature_of(TEXTS[0]), by=PAYER, texts=[TEXTS[1], b"another text"])


async def test_another_users_signature_is_refused(given: Given) -> None:
    with pytest.raises(InvalidSignature):
        await given.signatures.verify(signature_of(TEXTS[0]), by=new_id(), texts=TEXTS)


@pytest.mark.parametrize("change", [{"key_id": new_id()}, {"algorithm": "ES256"}, {"value": ""}, {"value": "A" * 86}])
async def test_a_signature_with_another_key_algorithm_or_value_is_refused(given: Given, change: dict[str, Any]) -> None:
    signature = replace(signature_of(TEXTS[0]), **change)
    with pytest.raises(InvalidSignature) as refused:
        await given.signatures.verify(signature, by=PAYER, texts=TEXTS)
    assert refused.value.facts == {"key_id": signature.key_id}


async def test_without_an_answer_of_identity_no_signature_is_judged(given: Given) -> None:
    await given.stop()
    for text in (TEXTS[0], b"another text"):
        with pytest.raises(Unavailable):
            await given.signatures.verify(signature_of(text), by=PAYER, texts=TEXTS)
