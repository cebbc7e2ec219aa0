"""Receipts, which a payer shows to others."""

from kernel.ids import new_id
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import GOOD_SIGNATURE, Bank, Holder, refusal

KEY_ID = "01980a52-7c00-7000-8000-00000000000a"
SIGNATURE = {"key_id": KEY_ID, "algorithm": "Ed25519", "value": GOOD_SIGNATURE}


async def parties(bank: Bank) -> tuple[Holder, Holder]:
    return await bank.holder("9000.00"), await bank.holder()


async def test_a_receipt_shows_the_signature_and_the_signed_text(bank: Bank) -> None:
    payer, payee = await parties(bank)
    made = await bank.made(payer, payee, "6000.00", signature=SIGNATURE, key="k", metadata={"order": "A-17"})
    for who in (payer, payee):
        shown = (await bank.get(f"/transfers/{made['id']}/receipt", who.user_id)).json()["data"]
        assert shown["transfer"] == {**made, "transaction_hash": None}
        assert shown["transfer"]["signature"] == SIGNATURE
        assert shown["signed_text"] == (
            "elcorp-transfer-v1\n"
            '{"amount":"6000.00","currency":"NAD","idempotency_key":"k","kind":"transfer","metadata":{"order":"A-17"},'
            f'"source_wallet_id":"{payer.wallet_id}","target_wallet_id":"{payee.wallet_id}"}}'
        )


async def test_a_receipt_without_a_signature_says_so(bank: Bank) -> None:
    payer, payee = await parties(bank)
    made = await bank.made(payer, payee, "1.00")
    shown = (await bank.get(f"/transfers/{made['id']}/receipt", payer.user_id)).json()["data"]
    assert (shown["transfer"]["signature"], shown["signed_text"]) == (None, None)


async def test_a_reversed_transfer_keeps_its_receipt_and_the_reversal_has_its_own(bank: Bank) -> None:
    payer, payee = await parties(bank)
    made = await bank.made(payer, payee, "1.00")
    undone = (await bank.staff("POST", f"/transfers/{made['id']}/reverse", {"reason": "by mistake"})).json()["data"]
    for transfer, status in ((made, "reversed"), (undone, "completed")):
        for who in (payer, payee):
            shown = (await bank.get(f"/transfers/{transfer['id']}/receipt", who.user_id)).json()["data"]
            assert shown["transfer"]["status"] == status


async def test_there_is_no_receipt_before_settlement_nor_for_strangers(bank: Bank) -> None:
    payer, payee = await parties(bank)
    bank.prices.rules = approval_from("1000")
    for transfer in (await bank.made(payer, payee, "1.00", capture="later"), await bank.made(payer, payee, "1000.00")):
        path = f"/transfers/{transfer['id']}/receipt"
        assert refusal(await bank.get(path, payer.user_id)) == (409, "PAY_012")
        assert refusal(await bank.get(path, new_id())) == (404, "RES_001")
    assert refusal(await bank.get(f"/transfers/{new_id()}/receipt", payer.user_id)) == (404, "RES_001")


async def test_a_receipt_is_rendered_as_pdf_whatever_its_texts_contain(bank: Bank) -> None:
    payer, payee = await parties(bank)
    words = {"description": '#panic("x") $1 *a* \\ "q"', "reference": "#include", "metadata": {"x" * 500: "y" * 500}}
    made = await bank.made(payer, payee, "6000.00", path="/payments", signature=SIGNATURE, **words)
    answer = await bank.get(f"/transfers/{made['id']}/receipt?format=pdf", payer.user_id)
    assert (answer.status_code, answer.headers["content-type"], answer.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert made["id"] in answer.headers["content-disposition"]
    assert (await bank.get(f"/transfers/{made['id']}/receipt?format=xml", payer.user_id)).status_code == 422
