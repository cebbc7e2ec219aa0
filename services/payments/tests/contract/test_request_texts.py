"""How payments accepts, stores and finds texts and times."""

import unicodedata
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from services.payments.tests.contract.bank import Bank, Holder

NFC = "José Núñez"
NFD = unicodedata.normalize("NFD", NFC)
HEAD = "target_wallet_id,amount,description,reference"


def fault(response: httpx.Response) -> tuple[int, str]:
    [error] = response.json()["errors"]
    return response.status_code, error["field"]


def json_file(source: Holder, target: Holder, **line: str) -> dict[str, Any]:
    lines = [{"target_wallet_id": str(target.wallet_id), "amount": "1.00", **line}]
    return {"source_wallet_id": str(source.wallet_id), "currency": "NAD", "mode": "best_effort", "lines": lines}


def csv_file(source: Holder, target: Holder, description: str, reference: str = "") -> bytes:
    return f'{HEAD}\r\n{target.wallet_id},1.00,"{description}",{reference}\r\n'.encode()


def pain_file(source: Holder, target: Holder, text: str, label: str = "M-1") -> bytes:
    account = "<Id><Othr><Id>{}</Id></Othr></Id>"
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>{label}</MsgId><NbOfTxs>1</NbOfTxs></GrpHdr><PmtInf><PmtMtd>TRF</PmtMtd>"
        f"<ReqdExctnDt>2020-01-01</ReqdExctnDt><DbtrAcct>{account.format(source.wallet_id)}</DbtrAcct>"
        f"<CdtTrfTxInf><PmtId><EndToEndId>NOTPROVIDED</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="NAD">1.00</InstdAmt></Amt><CdtrAcct>{account.format(target.wallet_id)}</CdtrAcct>'
        f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf></CdtTrfTxInf></PmtInf></CstmrCdtTrfInitn></Document>"
    ).encode()


async def submit(bank: Bank, payer: Holder, content: bytes, media_type: str) -> httpx.Response:
    query = "?mode=best_effort" + (f"&source_wallet_id={payer.wallet_id}&currency=NAD" if media_type == "text/csv" else "")
    headers = {**bank.forge.headers(payer.user_id), "Idempotency-Key": "k", "Content-Type": media_type}
    return await bank.client.post(f"/api/v1/transfers/bulk{query}", content=content, headers=headers)


@pytest.mark.parametrize("typed", [NFC, NFD], ids=["NFC", "NFD"])
async def test_a_description_is_stored_and_found_in_nfc_whatever_form_was_sent(
    bank: Bank, payer: Holder, payee: Holder, typed: str
) -> None:
    made = await bank.made(payer, payee, "1.00", description=typed, metadata={typed: typed}, path="/payments", reference=typed)
    assert (made["description"], made["reference"], made["metadata"]) == (NFC, NFC, {NFC: NFC})
    for sought in (NFC, NFD):
        found = await bank.get(f"/transfers?text={sought}", payer.user_id)
        assert [item["id"] for item in found.json()["data"]["items"]] == [made["id"]]


async def test_metadata_with_two_names_that_become_equal_is_refused(bank: Bank, payer: Holder, payee: Holder) -> None:
    refused = await bank.pay(payer, payee, "1.00", metadata={NFC: "1", NFD: "2"})
    assert fault(refused) == (422, "metadata")


async def test_the_same_order_in_another_unicode_form_is_a_repeat(bank: Bank, payer: Holder, payee: Holder) -> None:
    first = await bank.pay(payer, payee, "1.00", description=NFC, key="k")
    again = await bank.pay(payer, payee, "1.00", description=NFD, key="k")
    assert (again.status_code, again.json()["data"]) == (201, first.json()["data"])


@pytest.mark.parametrize("character", ["\0", "\n", "\x1b", "\x85", "\u202e", "\u2066"], ids=ascii)
async def test_hidden_characters_in_a_text_are_refused(bank: Bank, payer: Holder, payee: Holder, character: str) -> None:
    hidden = f"pay{character}roll"
    assert fault(await bank.pay(payer, payee, "1.00", description=hidden)) == (422, "description")
    assert fault(await bank.pay(payer, payee, "1.00", path="/payments", reference=hidden)) == (422, "reference")
    assert fault(await bank.post("/wallets", payer.user_id, {"currency": "NAD", "name": hidden})) == (422, "name")
    sought = await bank.client.get("/api/v1/transfers", params={"text": hidden}, headers=bank.forge.headers(payer.user_id))
    assert fault(sought) == (422, "text")


@pytest.mark.parametrize("character", ["\0", "\n", "\x1b", "\x85", "\u202e", "\u2066"], ids=ascii)
@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda file, text: file | {"label": text}, "label"),
        (lambda file, text: file | {"lines": [file["lines"][0] | {"description": text}]}, "lines.0.description"),
        (lambda file, text: file | {"lines": [file["lines"][0] | {"reference": text}]}, "lines.0.reference"),
    ],
    ids=["label", "description", "reference"],
)
async def test_hidden_characters_in_a_json_file_are_refused(
    bank: Bank, payer: Holder, payee: Holder, character: str, make: Callable[..., dict[str, Any]], place: str
) -> None:
    file = make(json_file(payer, payee), f"pay{character}roll")
    assert fault(await bank.post("/transfers/bulk", payer.user_id, file)) == (422, place)


@pytest.mark.parametrize("character", ["\n", "\x85", "\u202e"], ids=ascii)
async def test_hidden_characters_in_a_csv_file_are_refused(bank: Bank, payer: Holder, payee: Holder, character: str) -> None:
    content = csv_file(payer, payee, f"pay{character}roll")
    response = await submit(bank, payer, content, "text/csv")
    assert (response.status_code, response.json()["code"]) == (422, "VAL_001")
    assert response.json()["errors"][0]["field"].startswith("line ")


@pytest.mark.parametrize("character", ["&#x85;", "\u202e", "&#x2066;"], ids=ascii)
async def test_hidden_characters_in_a_pain_001_are_refused(bank: Bank, payer: Holder, payee: Holder, character: str) -> None:
    text = await submit(bank, payer, pain_file(payer, payee, f"pay{character}roll"), "application/xml")
    assert fault(text) == (422, "PmtInf.0.CdtTrfTxInf.0.description")
    label = await submit(bank, payer, pain_file(payer, payee, "x", label=f"pay{character}roll"), "application/xml")
    assert fault(label) == (422, "label")


async def test_a_file_is_stored_in_nfc_and_its_line_breaks_in_xml_become_spaces(bank: Bank, payer: Holder, payee: Holder) -> None:
    accepted = await submit(bank, payer, pain_file(payer, payee, f"{NFD}\n      rent", label=NFD), "application/xml")
    assert (accepted.status_code, accepted.json()["data"]["label"]) == (202, NFC)
    lines = await bank.get(f"/transfers/bulk/{accepted.json()['data']['id']}/lines", payer.user_id)
    assert [line["description"] for line in lines.json()["data"]["items"]] == [f"{NFC} rent"]


async def test_a_line_with_a_duplicate_member_is_refused(bank: Bank, payer: Holder, payee: Holder) -> None:
    content = (
        f'{{"source_wallet_id": "{payer.wallet_id}", "currency": "NAD", "lines": '
        f'[{{"target_wallet_id": "{payee.wallet_id}", "amount": "1.00", "amount": "2.00"}}]}}'
    )
    assert fault(await submit(bank, payer, content.encode(), "application/json")) == (422, "lines.0.amount")


async def test_only_rfc_3339_texts_are_times(bank: Bank, payer: Holder, payee: Holder) -> None:
    plan = {
        "source_wallet_id": str(payer.wallet_id),
        "target_wallet_id": str(payee.wallet_id),
        "amount": "1.00",
        "currency": "NAD",
    }
    for number in (1_800_000_000, "1800000000", 1_800_000_000_000):
        assert fault(await bank.post("/transfers/schedules", payer.user_id, {**plan, "starts_at": number})) == (422, "starts_at")
    day = {**plan, "frequency": "daily", "starts_at": "2026-12-01T00:00:00Z", "ends_on": 1_800_057_600}
    assert fault(await bank.post("/transfers/schedules", payer.user_id, day)) == (422, "ends_on")
    for path in ("/transfers?since=1", f"/wallets/{payer.wallet_id}/balance?as_of=1767225600"):
        assert (await bank.get(path, payer.user_id)).status_code == 422


@pytest.mark.parametrize("path", ["/wallets/%00", "/transfers/a%00", "/transfers?text=ab%00", "/rates?base=%00"])
async def test_nul_in_a_path_or_a_query_is_422(bank: Bank, payer: Holder, path: str) -> None:
    assert (await bank.get(path, payer.user_id)).status_code == 422


async def test_a_blank_reason_is_refused(bank: Bank, payer: Holder, payee: Holder) -> None:
    held = await bank.made(payer, payee, "1.00", capture="later")
    assert fault(await bank.post(f"/transfers/{held['id']}/void", payee.user_id, {"reason": "    "})) == (422, "reason")
    assert fault(await bank.staff("POST", f"/wallets/{payee.wallet_id}/freeze", {"reason": " \u00a0 \u200d "})) == (422, "reason")
