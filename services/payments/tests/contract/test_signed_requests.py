"""Linked legs, files and schedules signed by a device key. The texts follow docs/api.md and use no code of payments."""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from chassis.crypto import SigningKey
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from kernel.actor import Actor
from kernel.ids import new_id
from payments.domain.transfer_order import Signature
from services.payments.tests.contract.bank import Bank, Holder, open_bank, refusal
from services.payments.tests.contract.device_keys import KEY_ID, SEED, Peers, device_keys

ZEROS: Final = "00000000-0000-0000-0000-0000000000"
SOURCE, TARGET, OTHER = f"{ZEROS}0b", f"{ZEROS}0c", f"{ZEROS}0d"
PAYER: Final = Holder(UUID(int=10), UUID(SOURCE))
KEY: Final = "rent-march"
REFUSED: Final = (422, "PAY_017")

# Linked legs: each transfer without key and kind, in the canonical form of RFC 8785, in the order of the legs.
LEGS: Final[list[dict[str, Any]]] = [
    {
        "source_wallet_id": SOURCE,
        "target_wallet_id": TARGET,
        "amount": "3000.00",
        "currency": "NAD",
        "description": "rent, März",
        "metadata": {"order": "A-17", "b": "1"},
    },
    {
        "source_wallet_id": SOURCE,
        "target_wallet_id": OTHER,
        "amount": "2500.00",
        "currency": "NAD",
        "capture": "later",
        "reference": "INV-7",
    },
]
FIRST_LEG: Final = (
    '{"amount":"3000.00","currency":"NAD","description":"rent, März","metadata":{"b":"1","order":"A-17"},'
    f'"source_wallet_id":"{SOURCE}","target_wallet_id":"{TARGET}"}}'
)
SECOND_LEG: Final = (
    '{"amount":"2500.00","capture":"later","currency":"NAD","reference":"INV-7",'
    f'"source_wallet_id":"{SOURCE}","target_wallet_id":"{OTHER}"}}'
)
LIST: Final = f"[{FIRST_LEG},{SECOND_LEG}]"

# A file: its bytes as sent, and the fields that it may leave to the query.
BODY: Final = f"target_wallet_id,amount\n{TARGET},3000.00\n{OTHER},2500.00\n"
QUERY: Final = {"source_wallet_id": SOURCE, "currency": "NAD", "mode": "best_effort"}

# A schedule: its non-empty fields, in the canonical form of RFC 8785.
PLAN: Final[dict[str, Any]] = {
    "source_wallet_id": SOURCE,
    "target_wallet_id": TARGET,
    "amount": "5500.00",
    "currency": "NAD",
    "description": "rent",
    "reference": "F-12",
    "frequency": "monthly",
    "starts_at": "2026-03-31T08:00:00+02:00",
    "ends_on": "2026-12-31",
    "occurrences_max": 9,
}
PLAN_TEXT: Final = (
    '{"amount":"5500.00","currency":"NAD","description":"rent","ends_on":"2026-12-31","frequency":"monthly",'
    f'"occurrences_max":9,"reference":"F-12","source_wallet_id":"{SOURCE}","starts_at":"2026-03-31T06:00:00Z",'
    f'"target_wallet_id":"{TARGET}"}}'
)

# Test vectors for client authors: signatures of RFC 8032's first test key.
LINKED_VECTOR: Final = "fXI-sgZowBq391Z_qWzWk2W0lLRpm9Vze6UOxUU7C0nyHJ1T6p8sFg4WB0TZ5mOO9YwYNLyRnCcq-Vg5CbkxCA"
FILE_VECTOR: Final = "q3745Tuzm6j1ozwNLXdHVIj5KCOZq8qob1vaPXQfR7FOwR-xzSQ1behz35GnrvlYq2UFQUvI99-wQuZAqCOtBw"
PLAN_VECTOR: Final = "wauhhw0wCqDZGtdO14HnhlqXELnuHFE31Wma4RxbeImUO3kpyLaKI5suaOiUXoY8HESOO7SI04PUHwr8LDuRDQ"


def digest(content: str) -> str:
    return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"


def linked_text(content: str = LIST, *, key: str = KEY) -> str:
    return f'elcorp-linked-v1\n{{"digest":"{digest(content)}","idempotency_key":"{key}"}}'


def file_text(
    content: str = BODY, *, key: str = KEY, source: str = SOURCE, currency: str = "NAD", mode: str = "best_effort"
) -> str:
    return (
        f'elcorp-bulk-v1\n{{"currency":"{currency}","digest":"{digest(content)}","idempotency_key":"{key}",'
        f'"mode":"{mode}","source_wallet_id":"{source}"}}'
    )


def plan_text(content: str = PLAN_TEXT, *, key: str = KEY) -> str:
    return f'elcorp-schedule-v1\n{{"digest":"{digest(content)}","idempotency_key":"{key}"}}'


def sign(text: str, signer: SigningKey | None = None) -> str:
    value = (signer or SigningKey.from_bytes(SEED)).sign(text.encode())
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def named(value: str, *, key_id: UUID = KEY_ID, algorithm: str = "Ed25519") -> dict[str, str]:
    return {"key_id": str(key_id), "algorithm": algorithm, "value": value}


@dataclass
class SigningBank:
    """A bank that asks identity for the payer's key."""

    bank: Bank
    peers: Peers
    key: str = field(default=KEY)

    async def linked(self, signature: Mapping[str, str] | None, **changes: Any) -> httpx.Response:
        body: dict[str, Any] = {"legs": LEGS, **changes}
        if signature:
            body["signature"] = signature
        return await self.bank.post("/transfers/linked", PAYER.user_id, body, key=self.key)

    async def plan(self, signature: Mapping[str, str] | None, **changes: Any) -> httpx.Response:
        body = {**PLAN, **changes}
        if signature:
            body["signature"] = signature
        return await self.bank.post("/transfers/schedules", PAYER.user_id, body, key=self.key)

    async def file(self, header: str | None, *, body: str = BODY, media_type: str = "text/csv", **query: str) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {self.bank.token(PAYER.user_id)}",
            "Idempotency-Key": self.key,
            "Content-Type": media_type,
        }
        if header is not None:
            headers["Payment-Signature"] = header
        params = {**QUERY, **query} if media_type == "text/csv" else {}
        content = body.encode()
        return await self.bank.client.post("/api/v1/transfers/bulk", content=content, params=params, headers=headers)


@pytest.fixture
async def signing_bank(database: Database, clock: ControlledClock) -> AsyncIterator[SigningBank]:
    async with device_keys(PAYER.user_id) as peers, open_bank(database, clock, signatures=peers.signatures) as bank:
        for wallet_id, owner_id in ((PAYER.wallet_id, PAYER.user_id), (UUID(TARGET), new_id()), (UUID(OTHER), new_id())):
            open_wallet = bank.payments.wallets.open_issued_wallet
            await open_wallet(actor=Actor.service("test"), wallet_id=wallet_id, owner_id=owner_id, currency="NAD")
        issue = {"wallet_id": SOURCE, "amount": "9000.00", "currency": "NAD", "reason": "test funds"}
        assert (await bank.post("/issuances", bank.staff_id, issue, roles=("admin",))).status_code == 201
        yield SigningBank(bank, peers)


def test_the_vectors_match_their_texts() -> None:
    assert [sign(text) for text in (linked_text(), file_text(), plan_text())] == [LINKED_VECTOR, FILE_VECTOR, PLAN_VECTOR]


async def test_legs_above_the_unsigned_maximum_in_total_are_signed_together(signing_bank: SigningBank) -> None:
    assert refusal(await signing_bank.linked(None)) == (409, "PAY_016")
    made = await signing_bank.linked(named(LINKED_VECTOR))
    assert made.status_code == 201, made.text
    items = made.json()["data"]["items"]
    assert [(item["status"], item["signature"]) for item in items] == [
        ("completed", named(LINKED_VECTOR)),
        ("pending", named(LINKED_VECTOR)),
    ]
    assert await signing_bank.bank.wallet(PAYER) == ("6000.00", "2500.00", "3500.00")


async def test_the_receipt_of_a_signed_leg_shows_the_signed_text(signing_bank: SigningBank) -> None:
    await signing_bank.bank.sells(Holder(new_id(), UUID(TARGET)))
    items = (await signing_bank.linked(named(LINKED_VECTOR))).json()["data"]["items"]
    await signing_bank.bank.post(f"/transfers/{items[1]['id']}/capture", PAYER.user_id, {})
    for item in items:
        receipt = (await signing_bank.bank.get(f"/transfers/{item['id']}/receipt", PAYER.user_id)).json()["data"]
        assert (receipt["transfer"]["signature"], receipt["signed_text"]) == (named(LINKED_VECTOR), linked_text())


@pytest.mark.parametrize(
    "text",
    [
        linked_text(key="rent-april"),
        linked_text(f"[{SECOND_LEG},{FIRST_LEG}]"),
        linked_text(f"[{FIRST_LEG}]"),
        linked_text(f"[{FIRST_LEG},{SECOND_LEG},{SECOND_LEG}]"),
        linked_text(LIST.replace("2500.00", "2500.01")),
        linked_text(LIST.replace('"NAD"', '"ZAR"', 1)),
        linked_text(LIST.replace(TARGET, OTHER)),
        linked_text(LIST.replace(SOURCE, OTHER)),
        linked_text(LIST.replace("rent, ", "food, ")),
        linked_text(LIST.replace("INV-7", "INV-8")),
        linked_text(LIST.replace("A-17", "A-18")),
        linked_text(LIST.replace('"capture":"later",', "")),
        linked_text().replace("elcorp-linked-v1", "elcorp-schedule-v1"),
        f"elcorp-transfer-v1\n{FIRST_LEG}",
    ],
    ids=[
        "key",
        "order",
        "fewer",
        "more",
        "amount",
        "currency",
        "payee",
        "payer",
        "description",
        "reference",
        "metadata",
        "capture",
        "name",
        "transfer",
    ],
)
async def test_a_signature_of_other_legs_is_refused(signing_bank: SigningBank, text: str) -> None:
    assert refusal(await signing_bank.linked(named(sign(text)))) == REFUSED


@pytest.mark.parametrize("mode", ["best_effort", "all_or_nothing"])
async def test_a_file_above_the_unsigned_maximum_is_signed_in_a_header(signing_bank: SigningBank, mode: str) -> None:
    assert refusal(await signing_bank.file(None, mode=mode)) == (409, "PAY_016")
    value = FILE_VECTOR if mode == "best_effort" else sign(file_text(mode=mode))
    header = f"{KEY_ID}.Ed25519.{value}"
    taken = await signing_bank.file(header, mode=mode)
    assert (taken.status_code, taken.json()["data"]["status"]) == (202, "accepted"), taken.text
    await signing_bank.bank.run_bulk(taken.json()["data"]["id"])
    assert await signing_bank.bank.wallet(PAYER) == ("3500.00", "0.00", "3500.00")
    again = await signing_bank.file(header, mode=mode)
    assert (again.headers["idempotency-replayed"], again.json()["data"]) == ("true", taken.json()["data"])
    async with signing_bank.bank.database.read() as connection:
        kept = (await connection.exec_driver_sql("SELECT signature FROM bulks")).scalar_one()
    assert Signature(**{**kept, "key_id": UUID(kept["key_id"])}) == Signature(key_id=KEY_ID, algorithm="Ed25519", value=value)


async def test_a_json_file_contains_the_fields_that_are_signed_beside_its_bytes(signing_bank: SigningBank) -> None:
    lines = f'[{{"target_wallet_id": "{TARGET}", "amount": "3000.00"}}, {{"target_wallet_id": "{OTHER}", "amount": "2500.00"}}]'
    body = f'{{"source_wallet_id": "{SOURCE}", "currency": "NAD", "mode": "all_or_nothing", "lines": {lines}}}'
    good = f"{KEY_ID}.Ed25519.{sign(file_text(body, mode='all_or_nothing'))}=="
    # The signature covers the bytes, not their meaning.
    assert refusal(await signing_bank.file(good, body=f"{body} ", media_type="application/json")) == REFUSED
    assert refusal(await signing_bank.file(good, body=body.replace("2500", "2600"), media_type="application/json")) == REFUSED
    taken = await signing_bank.file(good, body=body, media_type="application/json")
    assert taken.status_code == 202, taken.text


@pytest.mark.parametrize(
    "text",
    [
        file_text(BODY.replace("2500.00", "2500.01")),
        file_text(BODY.replace(OTHER, TARGET)),
        file_text(BODY.rstrip("\n")),
        file_text(key="rent-april"),
        file_text(source=OTHER),
        file_text(currency="ZAR"),
        file_text(mode="all_or_nothing"),
        file_text().replace("elcorp-bulk-v1", "elcorp-linked-v1"),
        linked_text(BODY),
    ],
    ids=["amount", "payee", "newline", "key", "source", "currency", "mode", "name", "linked"],
)
async def test_a_signature_of_another_file_is_refused(signing_bank: SigningBank, text: str) -> None:
    assert refusal(await signing_bank.file(f"{KEY_ID}.Ed25519.{sign(text)}")) == REFUSED


@pytest.mark.parametrize(
    "header",
    [
        "",
        "x",
        FILE_VECTOR,
        f"{KEY_ID}.{FILE_VECTOR}",
        f"{KEY_ID}.Ed25519.",
        f"{KEY_ID}.Ed25519.{'A' * 85}",
        f"{KEY_ID}.Ed25519.{'A' * 86}===",
        f"{KEY_ID}.Ed25519.{'!' * 86}",
        f"{KEY_ID}.RS256.{'A' * 86}",
        f"{KEY_ID}.ed25519.{'A' * 86}",
        f"{'-' * 36}.Ed25519.{'A' * 86}",
        f"{'g' * 36}.Ed25519.{'A' * 86}",
        f"{KEY_ID}.Ed25519.{'A' * 86}.",
        f"{KEY_ID}.Ed25519.{'A' * 86},{KEY_ID}.Ed25519.{'A' * 86}",
        f"{KEY_ID}.Ed25519.{'A' * 200}",
    ],
    ids=lambda header: header.replace("A" * 85, "…") or "empty",
)
async def test_a_malformed_signature_header_is_invalid(signing_bank: SigningBank, header: str) -> None:
    answer = await signing_bank.file(header)
    assert (answer.status_code, answer.json()["code"]) == (422, "VAL_001")
    assert [error["field"] for error in answer.json()["errors"]] == ["Payment-Signature"]
    assert refusal(await signing_bank.file(header, body=BODY.replace("3000", "30").replace("2500", "25"))) == (422, "VAL_001")


async def test_a_schedule_above_the_unsigned_maximum_is_signed(signing_bank: SigningBank) -> None:
    assert refusal(await signing_bank.plan(None)) == (409, "PAY_016")
    planned = await signing_bank.plan(named(PLAN_VECTOR))
    assert planned.status_code == 201, planned.text
    # Its payer met the requirements when the schedule was created.
    signing_bank.bank.wait(days=10)
    assert await signing_bank.bank.run_schedules() == 1
    assert await signing_bank.bank.wallet(PAYER) == ("3500.00", "0.00", "3500.00")


@pytest.mark.parametrize(
    "text",
    [
        plan_text(key="rent-april"),
        plan_text(PLAN_TEXT.replace("5500.00", "5500.01")),
        plan_text(PLAN_TEXT.replace('"NAD"', '"ZAR"')),
        plan_text(PLAN_TEXT.replace(TARGET, OTHER)),
        plan_text(PLAN_TEXT.replace(SOURCE, OTHER)),
        plan_text(PLAN_TEXT.replace('"rent"', '"food"')),
        plan_text(PLAN_TEXT.replace("F-12", "F-13")),
        plan_text(PLAN_TEXT.replace("monthly", "weekly")),
        plan_text(PLAN_TEXT.replace("06:00:00Z", "07:00:00Z")),
        plan_text(PLAN_TEXT.replace("2026-12-31", "2027-12-31")),
        plan_text(PLAN_TEXT.replace(":9,", ":99,")),
        plan_text().replace("elcorp-schedule-v1", "elcorp-linked-v1"),
    ],
    ids=["key", "amount", "currency", "payee", "payer", "description", "reference", "frequency", "start", "end", "times", "name"],
)
async def test_a_signature_of_another_schedule_is_refused(signing_bank: SigningBank, text: str) -> None:
    assert refusal(await signing_bank.plan(named(sign(text)))) == REFUSED


async def test_a_schedule_with_required_fields_only_signs_those_only(signing_bank: SigningBank) -> None:
    plan = {name: PLAN[name] for name in ("source_wallet_id", "target_wallet_id", "amount", "currency", "starts_at")}
    signed = (
        f'{{"amount":"5500.00","currency":"NAD","frequency":"once","source_wallet_id":"{SOURCE}",'
        f'"starts_at":"2026-03-31T06:00:00Z","target_wallet_id":"{TARGET}"}}'
    )
    body = {**plan, "signature": named(sign(plan_text(signed)))}
    answer = await signing_bank.bank.post("/transfers/schedules", PAYER.user_id, body, key=KEY)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("fault", ["another key", "another algorithm", "another key id", "revoked", "another user's"])
async def test_a_signature_requires_an_active_key_of_the_payer(signing_bank: SigningBank, fault: str) -> None:
    key_id, algorithm, signer = KEY_ID, "Ed25519", SigningKey.from_bytes(SEED)
    match fault:
        case "another key":
            signer = SigningKey.generate()
        case "another algorithm":
            algorithm = "ES256"
        case "another key id":
            key_id = new_id()
        case "revoked":
            signing_bank.peers.identity.key.active = False
        case _:
            signing_bank.peers.identity.key.user_id = str(new_id())
    linked, file, plan = [sign(text, signer) for text in (linked_text(), file_text(), plan_text())]
    assert refusal(await signing_bank.linked(named(linked, key_id=key_id, algorithm=algorithm))) == REFUSED
    assert refusal(await signing_bank.file(f"{key_id}.{algorithm}.{file}")) == REFUSED
    assert refusal(await signing_bank.plan(named(plan, key_id=key_id, algorithm=algorithm))) == REFUSED


async def test_up_to_the_threshold_in_total_no_signature_is_required(signing_bank: SigningBank) -> None:
    signing_bank.key = "1"
    legs = [{**LEGS[0], "amount": "2500.00"}, {**LEGS[1], "amount": "2500.00"}]
    assert (await signing_bank.linked(None, legs=legs, dry_run=True)).json()["data"]["needs"]["signature"] is False
    assert (await signing_bank.linked(None, legs=[legs[0], {**legs[1], "amount": "2500.01"}], dry_run=True)).json()["data"][
        "needs"
    ]["signature"] is True
    assert (await signing_bank.file(None, body=BODY.replace("3000.00", "2500.01"))).json()["code"] == "PAY_016"
    assert (await signing_bank.file(None, body=BODY.replace("3000.00", "2500.00"))).status_code == 202
    signing_bank.key = "2"
    assert (await signing_bank.plan(None, amount="5000.01")).json()["code"] == "PAY_016"
    assert (await signing_bank.plan(None, amount="5000.00")).status_code == 201
