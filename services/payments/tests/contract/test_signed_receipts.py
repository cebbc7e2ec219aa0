"""A receipt shows exactly the text that the payer signed."""

import hashlib
import json
from typing import Any, Final

import pytest

from chassis.testing.stored import unchanged
from kernel.ids import new_id
from services.payments.tests.contract.bank import GOOD_SIGNATURE, Bank, Holder, refusal
from services.payments.tests.contract.ways import leg

SIGNATURE: Final = {"key_id": str(new_id()), "algorithm": "Ed25519", "value": GOOD_SIGNATURE}


async def receipt(bank: Bank, payer: Holder, transfer_id: str) -> dict[str, Any]:
    answer = await bank.get(f"/transfers/{transfer_id}/receipt", payer.user_id)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


@pytest.mark.parametrize("path", ["/transfers", "/payments"])
async def test_an_order_signed_as_another_kind_is_refused(bank: Bank, payer: Holder, path: str) -> None:
    # Every signature of this bank is for a transfer.
    shop = await bank.merchant()
    async with unchanged(bank.database):
        answer = await bank.pay(payer, shop, "10.00", path=path, reference="INV-7", signature=SIGNATURE)
        assert refusal(answer) == (422, "PAY_017")


@pytest.mark.parametrize("path", ["/transfers", "/payments"])
async def test_the_kind_in_the_signed_text_follows_from_the_payees_wallet(
    bank: Bank, payer: Holder, payee: Holder, path: str
) -> None:
    made = await bank.made(payer, payee, "10.00", path=path, reference="INV-7", signature=SIGNATURE, key="rent")
    text = (await receipt(bank, payer, made["id"]))["signed_text"]
    assert json.loads(text.removeprefix("elcorp-transfer-v1\n")) == {
        **leg(payer, payee, "10.00"),
        "idempotency_key": "rent",
        "kind": "transfer",
        "reference": "INV-7",
    }


async def test_the_receipt_of_a_linked_transfer_shows_the_text_of_the_whole_list(bank: Bank, payer: Holder) -> None:
    payees = [await bank.holder() for _ in range(12)]
    legs = [leg(payer, payee, f"{number}.00") for number, payee in enumerate(payees, 1)]
    body = {"legs": legs, "signature": SIGNATURE}
    made = (await bank.post("/transfers/linked", payer.user_id, body, key="wages")).json()["data"]["items"]
    signed_text = json.dumps([dict(sorted(one.items())) for one in legs], separators=(",", ":"))
    digest = hashlib.sha256(signed_text.encode()).hexdigest()
    expected = f'elcorp-linked-v1\n{{"digest":"sha256:{digest}","idempotency_key":"wages"}}'
    assert {(await receipt(bank, payer, one["id"]))["signed_text"] for one in made} == {expected}


async def test_the_receipt_of_a_files_line_shows_no_signed_text(bank: Bank, payer: Holder, payee: Holder) -> None:
    lines = [{"target_wallet_id": str(payee.wallet_id), "amount": "1.00"}]
    file = {"source_wallet_id": str(payer.wallet_id), "currency": "NAD", "mode": "best_effort", "lines": lines}
    bulk = (await bank.post("/transfers/bulk", payer.user_id, file)).json()["data"]["id"]
    await bank.run_bulk(bulk)
    [line] = (await bank.get(f"/transfers/bulk/{bulk}/lines", payer.user_id)).json()["data"]["items"]
    assert (await receipt(bank, payer, line["transfer_id"]))["signed_text"] is None
