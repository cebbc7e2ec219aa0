"""Payments, holds, approvals and freezes through the gateway, across the services."""

import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from factors import add_second_factor, step_up
from journey import Api, Person, until

pytestmark = pytest.mark.e2e
Holder = Callable[..., Awaitable[Person]]


def order(source: Person, target: Person, amount: str, **more: object) -> dict[str, Any]:
    return {
        "source_wallet_id": source.wallet_id,
        "target_wallet_id": target.wallet_id,
        "amount": amount,
        "currency": "NAD",
        **more,
    }


async def wallet(api: Api, person: Person) -> tuple[str, str]:
    """Return a person's balance and held amount."""
    found = await api.data("GET", f"/wallets/{person.wallet_id}", by=person)
    return found["balance"], found["held"]


async def test_a_merchant_captures_a_part_refunds_a_part_and_both_have_statements(
    api: Api, client: httpx.AsyncClient, holder: Holder, admin: Person
) -> None:
    payer, shop = await holder("Payer", funds="500.00"), await holder("Shop")
    version = (await api.data("GET", f"/wallets/{shop.wallet_id}", by=admin))["version"]
    use = {"usage": "merchant", "reason": "licence checked"}
    await api.data("PUT", f"/wallets/{shop.wallet_id}/usage", by=admin, etag=version, **use)
    body = order(payer, shop, "200.00", reference="INV-1", description="two chairs", capture="later")

    held = await api.data("POST", "/payments", by=payer, expect=201, key=str(uuid4()), **body)
    assert (held["kind"], held["status"], await wallet(api, payer)) == ("payment", "pending", ("500.00", "200.00"))
    captured = await api.data("POST", f"/transfers/{held['id']}/capture", by=shop, amount="150.00")
    assert (captured["status"], captured["captured_amount"]) == ("completed", "150.00")
    key = str(uuid4())
    refunds = [
        await api.data(
            "POST", f"/transfers/{held['id']}/refund", by=shop, expect=201, key=key, amount="50.00", reason="one was broken"
        )
        for _ in range(2)
    ]
    assert refunds[0]["id"] == refunds[1]["id"]
    assert refunds[0]["parent_id"] == held["id"]
    assert (await wallet(api, payer), await wallet(api, shop)) == (("400.00", "0.00"), ("100.00", "0.00"))

    now = datetime.now(UTC)
    period = {"since": (now - timedelta(hours=1)).isoformat(), "until": (now + timedelta(hours=1)).isoformat()}
    headers = {"Authorization": f"Bearer {payer.access_token}"}
    path = f"/api/v1/wallets/{payer.wallet_id}/statement"
    statement = (await client.get(path, params=period, headers=headers)).json()["data"]
    assert (statement["opening_balance"], statement["closing_balance"]) == ("0.00", "400.00")
    assert [line["amount"] for line in statement["lines"]] == ["500.00", "-150.00", "50.00"]
    pdf = await client.get(path, params={**period, "format": "pdf"}, headers=headers)
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    exported = await client.get("/api/v1/transfers/export", params={"text": "inv-1"}, headers=headers)
    assert exported.text.count("\n") == 3
    assert "INV-1" in exported.text


async def test_a_large_transfer_waits_until_a_user_with_two_factors_approves_it(
    api: Api, client: httpx.AsyncClient, admin: Person, holder: Holder
) -> None:
    payer, payee = await holder("Payer", funds="100000.00"), await holder("Payee")
    approver = await holder("Approver")
    await api.data(
        "POST", "/role-assignments", by=admin, expect=201, subject_id=approver.user_id, role="staff", reason="e2e test"
    )
    rule: dict[str, Any] = {"currency": "NAD", "threshold": "90000.00", "counterparty": payee.wallet_id, "reason": "e2e test"}
    await api.call("PUT", f"/policies/approval-rules/e2e-{payee.wallet_id[:8]}", by=admin, **rule)

    async def waits() -> bool:
        body = order(payer, payee, "90000.00")
        made.append(await api.data("POST", "/transfers", by=payer, expect=201, key=str(uuid4()), **body))
        if made[-1]["status"] == "pending_approval":
            return True
        # The rule had not reached payments yet: return the money.
        await api.data("POST", f"/transfers/{made[-1]['id']}/refund", by=payee, expect=201, key=str(uuid4()), reason="early")
        return False

    made: list[dict[str, Any]] = []
    await until(waits, "the rule to reach payments")
    waiting = made[-1]
    assert await wallet(api, payer) == ("100000.00", "90000.00")

    approve = f"/transfers/{waiting['id']}/approve"

    async def may_approve() -> bool:
        answer = await client.post(f"/api/v1{approve}", headers={"Authorization": f"Bearer {approver.access_token}"})
        refusals.append(answer)
        return answer.status_code == httpx.codes.UNAUTHORIZED

    refusals: list[httpx.Response] = []
    await until(may_approve, "the approver's role to arrive")
    assert refusals[-1].json()["code"] == "AUTH_005"
    assert refusals[-1].json()["step_up"]
    assert 'error="insufficient_user_authentication"' in refusals[-1].headers["www-authenticate"]

    await step_up(api, approver, await add_second_factor(api, approver))
    approved = await api.data("POST", approve, by=approver)
    assert (approved["status"], approved["decided_by"]) == ("completed", approver.user_id)
    assert await wallet(api, payee) == ("90000.00", "0.00")


async def test_small_payments_and_a_file_wait_for_approval_under_a_rule_with_a_window(
    api: Api, client: httpx.AsyncClient, holder: Holder, admin: Person
) -> None:
    payer, payee = await holder("Payer", funds="1000.00"), await holder("Payee")
    approver = await holder("Approver")
    await api.data(
        "POST", "/role-assignments", by=admin, expect=201, subject_id=approver.user_id, role="staff", reason="e2e test"
    )
    name = f"e2e-window-{payee.wallet_id[:8]}"
    rule: dict[str, Any] = {
        "currency": "NAD",
        "threshold": "100.00",
        "window": "24h",
        "counterparty": payee.wallet_id,
        "reason": "e2e test",
    }
    await api.call("PUT", f"/policies/approval-rules/{name}", by=admin, **rule)

    async def pay() -> dict[str, Any]:
        made: dict[str, Any] = await api.data(
            "POST", "/transfers", by=payer, expect=201, key=str(uuid4()), **order(payer, payee, "60.00")
        )
        return made

    async def file_waits() -> bool:
        # One line, as large as the rule: a dry run shows when the rule has reached payments.
        quoted = await api.data(
            "POST", "/transfers", by=payer, expect=200, key=str(uuid4()), **order(payer, payee, "100.00", dry_run=True)
        )
        return bool(quoted["needs"]["approval_rules"] == [name])

    await until(file_waits, "the rule to reach payments")
    assert [(await pay())["status"] for _ in range(3)] == ["completed", "pending_approval", "pending_approval"]
    assert await wallet(api, payer) == ("940.00", "120.00")

    file = {"source_wallet_id": payer.wallet_id, "currency": "NAD", "mode": "all_or_nothing"}
    lines = [{"target_wallet_id": payee.wallet_id, "amount": "1.00"}, {"target_wallet_id": payee.wallet_id, "amount": "2.00"}]
    bulk = await api.data("POST", "/transfers/bulk", by=payer, expect=202, key=str(uuid4()), **file, lines=lines)
    assert (bulk["status"], bulk["approval_rules"], bulk["waiting"]) == ("pending_approval", [name], 2)
    assert await wallet(api, payer) == ("940.00", "120.00")
    await step_up(api, approver, await add_second_factor(api, approver))

    async def approved() -> bool:
        headers = {"Authorization": f"Bearer {approver.access_token}", "Idempotency-Key": str(uuid4())}
        answer = await client.post(f"/api/v1/transfers/bulk/{bulk['id']}/approve", headers=headers)
        return answer.status_code == httpx.codes.OK

    await until(approved, "the approver's role to arrive")

    async def ran() -> bool:
        return bool((await api.data("GET", f"/transfers/bulk/{bulk['id']}", by=payer))["status"] == "completed")

    await until(ran, "the file to run")
    assert await wallet(api, payer) == ("937.00", "120.00")
    assert await wallet(api, payee) == ("63.00", "0.00")


async def test_a_signed_transfer_shows_its_signature_and_a_forged_one_is_refused(
    api: Api, client: httpx.AsyncClient, admin: Person, holder: Holder
) -> None:
    payer, payee = await holder("Payer", funds="50.00"), await holder("Payee")
    private = Ed25519PrivateKey.generate()
    public = _text(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    challenge = (await api.data("POST", "/device-keys/challenges", by=payer, expect=201))["challenge"]
    proof = f"elcorp-device-key-v1\n{challenge}\nEd25519\n{public}"
    registered = await api.data(
        "POST",
        "/device-keys",
        by=payer,
        expect=201,
        algorithm="Ed25519",
        public_key=public,
        challenge=challenge,
        signature=_text(private.sign(proof.encode())),
    )
    key = str(uuid4())
    signed = (
        f'{{"amount":"20.00","currency":"NAD","idempotency_key":"{key}","kind":"transfer",'
        f'"source_wallet_id":"{payer.wallet_id}","target_wallet_id":"{payee.wallet_id}"}}'
    )
    value = _text(private.sign(b"elcorp-transfer-v1\n" + signed.encode()))
    signature = {"key_id": registered["id"], "algorithm": "Ed25519", "value": value}

    forged = await api.call(
        "POST", "/transfers", by=payer, expect=422, key=key, **order(payer, payee, "20.01", signature=signature)
    )
    made = await api.data(
        "POST", "/transfers", by=payer, expect=201, key=key, **order(payer, payee, "20.00", signature=signature)
    )

    assert forged["code"] == "PAY_017"
    assert made["signature"] == signature
    assert (await api.data("GET", f"/transfers/{made['id']}", by=payee))["signature"] == signature
    receipt = await proven(api, payee, made["id"])
    # The receipt and the payer's public key are enough to verify it.
    private.public_key().verify(base64.urlsafe_b64decode(value + "=="), receipt["signed_text"].encode())
    await require_leaf(api, client, admin, made["id"], receipt["transfer"]["transaction_hash"])
    headers = {"Authorization": f"Bearer {payer.access_token}"}
    pdf = await client.get(f"/api/v1/transfers/{made['id']}/receipt", params={"format": "pdf"}, headers=headers)
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")


async def proven(api: Api, by: Person, transfer_id: str) -> dict[str, Any]:
    """Return the receipt once it contains the transfer's hash in the audit log."""
    receipt: dict[str, Any] = {}

    async def has_hash() -> bool:
        receipt.update(await api.data("GET", f"/transfers/{transfer_id}/receipt", by=by))
        return bool(receipt["transfer"]["transaction_hash"])

    await until(has_hash, "the transfer's hash")
    return receipt


async def require_leaf(api: Api, client: httpx.AsyncClient, admin: Person, transfer_id: str, transaction_hash: str) -> None:
    """Check the hash against the log: it is the RFC 6962 leaf hash of the entry about the transfer's creation."""
    listed = await api.data("GET", f"/audit/entries?resource_type=transfer&resource_id={transfer_id}", by=admin)
    [entry] = [one for one in listed["items"] if one["action"] == "payments.transfer.settle"]
    assert base64.b64decode(entry["leaf_hash"]).hex() == transaction_hash
    bundle: dict[str, Any] = {}

    async def is_signed() -> bool:
        path = f"/api/v1/audit/entries/{entry['sequence']}/proof"
        answer = await client.get(path, headers={"Authorization": f"Bearer {admin.access_token}"})
        bundle.update(answer.json().get("data", {}))
        return answer.is_success

    await until(is_signed, "a checkpoint over the entry")
    leaf = base64.b64decode(bundle["entry"])
    assert hashlib.sha256(b"\0" + leaf).hexdigest() == transaction_hash


@pytest.fixture
async def officer(api: Api, admin: Person, holder: Holder) -> AsyncIterator[Person]:
    """Return a ledger officer who has just signed in with two factors; the role is revoked afterwards."""
    officer = await holder("Officer")
    grant = {"subject_id": officer.user_id, "role": "admin", "reason": "e2e test"}
    await api.data("POST", "/role-assignments", by=admin, expect=201, **grant)
    await step_up(api, officer, await add_second_factor(api, officer))
    yield officer
    await api.call("DELETE", f"/role-assignments/{officer.user_id}/admin", by=admin)


async def test_staff_freeze_a_wallet_and_nothing_moves_until_they_unfreeze_it(
    api: Api, client: httpx.AsyncClient, admin: Person, officer: Person, holder: Holder
) -> None:
    payer, payee = await holder("Payer", funds="50.00"), await holder("Payee")
    await api.data("POST", f"/wallets/{payer.wallet_id}/freeze", by=admin, reason="case 7")

    refused = await api.call("POST", "/transfers", by=payer, expect=409, key=str(uuid4()), **order(payer, payee, "1.00"))
    one_factor = await api.call("POST", f"/wallets/{payer.wallet_id}/unfreeze", by=admin, expect=401, reason="cleared")

    async def unfrozen() -> bool:
        headers = {"Authorization": f"Bearer {officer.access_token}"}
        answer = await client.post(f"/api/v1/wallets/{payer.wallet_id}/unfreeze", headers=headers, json={"reason": "cleared"})
        return answer.status_code == httpx.codes.OK

    await until(unfrozen, "the officer's role to arrive")
    await api.data("POST", "/transfers", by=payer, expect=201, key=str(uuid4()), **order(payer, payee, "1.00"))

    assert refused["code"] == "PAY_008"
    assert one_factor["code"] == "AUTH_005"


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
