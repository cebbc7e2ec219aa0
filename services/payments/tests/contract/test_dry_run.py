"""Dry runs over REST."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from chassis.rest import Envelope, ResponseModel
from chassis.testing.stored import unchanged
from kernel.ids import new_id
from payments.domain.limits import LimitBook
from payments.interfaces.rest.bulk_transfers import bulk_transfers
from payments.interfaces.rest.payments import payments
from payments.interfaces.rest.schemas.bulk_rehearsal import BulkRehearsalResponse
from payments.interfaces.rest.schemas.rehearsal import RehearsalResponse
from payments.interfaces.rest.transfers import transfers
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import STRONG, Bank, Holder, refusal
from services.payments.tests.fakes.approvals import unavailable
from services.payments.tests.unit.prices import limit


def of(source: Holder, target: Holder, amount: str, **more: Any) -> dict[str, Any]:
    return {
        "source_wallet_id": str(source.wallet_id),
        "target_wallet_id": str(target.wallet_id),
        "amount": amount,
        "currency": "NAD",
        **more,
    }


def file_of(source: Holder, *lines: tuple[Holder, str], **more: Any) -> dict[str, Any]:
    each = [{"target_wallet_id": str(target.wallet_id), "amount": amount} for target, amount in lines]
    return {"source_wallet_id": str(source.wallet_id), "currency": "NAD", "mode": "best_effort", "lines": each, **more}


async def rehearse(bank: Bank, path: str, by: Holder, body: dict[str, Any], **rest: Any) -> dict[str, Any]:
    async with unchanged(bank.database):
        response = await bank.post(path, by.user_id, body, **rest)
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


async def test_a_dry_run_of_a_transfer_returns_its_price_and_effect(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.price(fee="2.00")
    bank.prices.limit_book = LimitBook([limit(day_max="600.00")])
    result = await rehearse(bank, "/transfers", payer, of(payer, payee, "250.00", dry_run=True), key="k")
    [transfer] = result["transfers"]
    assert {name: transfer[name] for name in ("kind", "status", "amount", "fee_total", "total", "rate")} == {
        "kind": "transfer",
        "status": "completed",
        "amount": "250.00",
        "fee_total": "2.00",
        "total": "252.00",
        "rate": None,
    }
    assert {**result, "transfers": []} == {
        "outcome": "made",
        "transfers": [],
        "needs": {"approval_rules": [], "approval_by": None, "signature": False, "step_up": False},
        "refusals": [],
        "limits_left": [{"currency": "NAD", "day": "350.00", "month": None}],
        "screening": "clear",
    }
    assert (await bank.pay(payer, payee, "250.00", key="k")).status_code == 201


async def test_all_obstacles_are_listed_with_the_one_that_would_be_returned_first(bank: Bank, payee: Holder) -> None:
    payer = await bank.holder("100.00")
    bank.prices.rules = approval_from("1000")
    result = await rehearse(bank, "/transfers", payer, of(payer, payee, "5000.01", dry_run=True), methods=("pwd",))
    assert [one["code"] for one in result["refusals"]] == ["AUTH_005", "PAY_016", "PAY_001"]
    needs = {"approval_rules": ["large"], "approval_by": "payment:approve", "signature": True, "step_up": True}
    assert (result["outcome"], result["transfers"], result["needs"]) == ("refused", [], needs)


@pytest.mark.parametrize("path", ["/transfers", "/payments", "/transfers/linked"])
@pytest.mark.parametrize("said", ["true", 1, None])
async def test_dry_run_is_true_or_false_and_nothing_else(
    bank: Bank, payer: Holder, payee: Holder, path: str, said: object
) -> None:
    one = of(payer, payee, "1.00")
    body = {"legs": [one, one]} if path.endswith("linked") else one | ({"reference": "R"} if path == "/payments" else {})
    answer = await bank.post(path, payer.user_id, {**body, "dry_run": said})
    assert (refusal(answer), answer.json()["errors"][0]["field"]) == ((422, "VAL_001"), "dry_run")
    assert (await bank.post(path, payer.user_id, {**body, "dry_run": False})).status_code == 201


@pytest.mark.parametrize("said", ["true", 1, None, []])
async def test_a_files_dry_run_is_true_or_false_and_nothing_else(bank: Bank, payer: Holder, payee: Holder, said: object) -> None:
    answer = await bank.post("/transfers/bulk", payer.user_id, file_of(payer, (payee, "1.00"), dry_run=said))
    assert (refusal(answer), answer.json()["errors"][0]["field"]) == ((422, "VAL_001"), "dry_run")
    answer = await bank.post("/transfers/bulk?dry_run=perhaps", payer.user_id, file_of(payer, (payee, "1.00")))
    assert refusal(answer) == (422, "VAL_001")
    assert (await bank.post("/transfers/bulk", payer.user_id, file_of(payer, (payee, "1.00"), dry_run=False))).status_code == 202


async def test_a_dry_run_with_a_used_key_describes_the_first_request(bank: Bank, payer: Holder, payee: Holder) -> None:
    await bank.made(payer, payee, "10.00", key="k")
    result = await rehearse(bank, "/transfers", payer, of(payer, payee, "10.00", dry_run=True), key="k")
    assert (result["outcome"], [one["amount"] for one in result["transfers"]]) == ("replayed", ["10.00"])
    other = await rehearse(bank, "/transfers", payer, of(payer, payee, "11.00", dry_run=True), key="k")
    assert (other["outcome"], [one["code"] for one in other["refusals"]]) == ("refused", ["VAL_002"])
    file = await rehearse(bank, "/transfers/bulk", payer, file_of(payer, (payee, "10.00"), dry_run=True), key="k")
    assert (file["outcome"], [one["code"] for one in file["refusals"]]) == ("refused", ["VAL_002"])


async def test_a_user_who_may_not_pay_gets_no_dry_run(bank: Bank, payer: Holder, payee: Holder) -> None:
    for path, body in (
        ("/transfers", of(payer, payee, "1.00", dry_run=True)),
        ("/transfers/bulk?dry_run=true", file_of(payer, (payee, "1.00"))),
    ):
        answer = await bank.post(path, payer.user_id, body, roles=("guest",))
        assert refusal(answer) == (403, "ACC_001")


async def test_a_dry_run_while_a_service_is_away_returns_its_error(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.screening.away = True
    result = await rehearse(bank, "/transfers", payer, of(payer, payee, "1.00", dry_run=True))
    assert [one["code"] for one in result["refusals"]] == ["SRV_002"]
    # The limits were not read, so the response omits them.
    assert (result["screening"], result["limits_left"]) == (None, [])
    file = await rehearse(bank, "/transfers/bulk", payer, file_of(payer, (payee, "1.00"), dry_run=True))
    # The file would be accepted; its run would be retried later.
    assert (file["outcome"], file["status"], file["run"]) == ("accepted", "accepted", None)
    bank.screening.away = False
    bank.prices.rules = approval_from("0.01", unavailable)
    for path, body in (
        ("/transfers", of(payer, payee, "1.00", dry_run=True)),
        ("/transfers/bulk", file_of(payer, (payee, "1.00"), dry_run=True)),
    ):
        result = await rehearse(bank, path, payer, body)
        assert (result["outcome"], [one["code"] for one in result["refusals"]]) == ("refused", ["SRV_002"])


async def test_a_dry_run_discloses_nothing_about_others(bank: Bank, payer: Holder, payee: Holder) -> None:
    """No more than the refusal: not the balance or owner of another's wallet, nor why compliance refuses."""
    stranger = await bank.holder("321.09")
    result = await rehearse(bank, "/transfers", payer, of(stranger, payee, "500.00", dry_run=True))
    assert [(one["code"], one["details"]) for one in result["refusals"]] == [("ACC_001", {})]
    assert result["limits_left"] == []
    assert "321.09" not in json.dumps(result)
    assert str(stranger.user_id) not in json.dumps(result)
    bank.screening.blocked = {payee.wallet_id}
    result = await rehearse(bank, "/transfers", payer, of(payer, payee, "5.00", dry_run=True))
    assert [(one["code"], one["details"]) for one in result["refusals"]] == [("PAY_007", {})]
    assert "on the list" not in json.dumps(result)
    legs = {"legs": [of(payer, stranger, "1.00"), of(payer, payee, "1.00")], "dry_run": True}
    result = await rehearse(bank, "/transfers/linked", payer, legs)
    assert [(one["code"], one["leg"]) for one in result["refusals"]] == [("PAY_007", None)]


async def test_a_refused_leg_leaves_the_limits_unchanged(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.limit_book = LimitBook([limit(day_max="5000.00")])
    legs = {"legs": [of(payer, payee, "600.00"), of(payer, payee, "400.01")], "dry_run": True}
    result = await rehearse(bank, "/transfers/linked", payer, legs)
    assert [(one["code"], one["leg"]) for one in result["refusals"]] == [("PAY_001", 1)]
    assert result["limits_left"] == [{"currency": "NAD", "day": "5000.00", "month": None}]


async def test_a_wrong_signature_hides_no_other_obstacle(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.screening.blocked = {payee.wallet_id}
    signature = {"key_id": str(new_id()), "algorithm": "Ed25519", "value": "b" * 86}
    result = await rehearse(bank, "/transfers", payer, of(payer, payee, "5.00", dry_run=True, signature=signature))
    assert ([one["code"] for one in result["refusals"]], result["screening"]) == (["PAY_017"], "refused")


async def test_a_dry_run_of_a_file_counts_the_outcomes_of_its_lines(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.price(fee="1.00")
    blocked = await bank.holder()
    bank.screening.blocked = {blocked.wallet_id}
    file = file_of(payer, (payee, "600.00"), (blocked, "1.00"), (payee, "500.00"), (payee, "100.00"), dry_run=True)
    result = await rehearse(bank, "/transfers/bulk", payer, file, key="k")
    refused = [(line["number"], line["code"]) for line in result["run"]["refused_lines"]]
    assert refused == [(2, "PAY_007"), (3, "PAY_001")]
    assert {name: result["run"][name] for name in ("status", "settled", "refused", "not_run", "screening")} == {
        "status": "partly_completed",
        "settled": 2,
        "refused": 2,
        "not_run": 0,
        "screening": "refused",
    }
    assert (result["amount_total"], result["fee_total"], result["total"]) == ("1201.00", "4.00", "1205.00")
    whole = await rehearse(bank, "/transfers/bulk", payer, {**file, "mode": "all_or_nothing"}, key="k")
    assert [(line["number"], line["code"]) for line in whole["run"]["refused_lines"]] == [(2, "PAY_007")]
    assert (whole["run"]["status"], whole["run"]["not_run"]) == ("failed", 3)


async def test_a_dry_run_reports_that_a_file_would_await_an_approval(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.rules = approval_from("500")
    result = await rehearse(bank, "/transfers/bulk", payer, file_of(payer, (payee, "500.00"), dry_run=True))
    assert (result["outcome"], result["status"], result["needs"]["approval_rules"]) == ("accepted", "pending_approval", ["large"])
    assert result["run"]["status"] == "completed"


@pytest.mark.parametrize("media_type", ["text/csv", "application/xml", "application/json"])
async def test_dry_run_is_a_query_parameter_for_every_format(bank: Bank, payer: Holder, payee: Holder, media_type: str) -> None:
    bodies = {
        "text/csv": f"target_wallet_id,amount\r\n{payee.wallet_id},12.00\r\n",
        "application/json": json.dumps({"lines": file_of(payer, (payee, "12.00"))["lines"]}),
        "application/xml": f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>
        <GrpHdr><MsgId>M</MsgId><NbOfTxs>1</NbOfTxs></GrpHdr>
        <PmtInf><PmtMtd>TRF</PmtMtd><ReqdExctnDt><Dt>2026-03-21</Dt></ReqdExctnDt>
        <DbtrAcct><Id><Othr><Id>{payer.wallet_id}</Id></Othr></Id></DbtrAcct>
        <CdtTrfTxInf><PmtId><EndToEndId>E</EndToEndId></PmtId><Amt><InstdAmt Ccy="NAD">12.00</InstdAmt></Amt>
        <CdtrAcct><Id><Othr><Id>{payee.wallet_id}</Id></Othr></Id></CdtrAcct></CdtTrfTxInf></PmtInf>
        </CstmrCdtTrfInitn></Document>""",
    }
    query = {"dry_run": "true", "mode": "best_effort", "source_wallet_id": str(payer.wallet_id), "currency": "NAD"}

    async def submit(query: dict[str, str]) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {bank.token(payer.user_id, methods=STRONG)}",
            "Idempotency-Key": "k",
            "Content-Type": media_type,
        }
        return await bank.client.post("/api/v1/transfers/bulk", content=bodies[media_type], headers=headers, params=query)

    async with unchanged(bank.database):
        answer = await submit(query)
    result = answer.json()["data"]
    assert (answer.status_code, result["outcome"], result["run"]["settled"], result["total"]) == (200, "accepted", 1, "12.00")
    del query["dry_run"]
    accepted = await submit(query)
    assert accepted.status_code == 202
    again = (await submit({**query, "dry_run": "true"})).json()["data"]
    assert (again["outcome"], again["bulk_id"], again["status"]) == ("replayed", accepted.json()["data"]["id"], "accepted")


async def test_invalid_lines_are_refused_as_in_the_real_run(bank: Bank, payer: Holder, payee: Holder) -> None:
    file = file_of(payer, (payee, "1.00"), (Holder(), "1.00"), dry_run=True)
    async with unchanged(bank.database):
        answer = await bank.post("/transfers/bulk", payer.user_id, file, key=str(uuid4()))
    assert (refusal(answer), [error["field"] for error in answer.json()["errors"]]) == (
        (422, "VAL_001"),
        ["lines.1.target_wallet_id"],
    )


async def test_the_operations_keep_the_fast_path() -> None:
    made = {"transfer_tokens", "transfer_linked", "make_payment"}
    routes = [*transfers.routes, *payments.routes]
    assert {route.name: route.has_fast_path for route in routes if route.name in made} == dict.fromkeys(made, True)  # type: ignore[attr-defined]  # ours


async def test_a_quote_returns_what_is_left_of_limits_and_what_would_be_refused(bank: Bank, payer: Holder, payee: Holder) -> None:
    question = {"amount": "1000.00", "currency": "NAD"}

    async def quoted(**more: str) -> dict[str, Any]:
        return await rehearse(bank, "/fees/quote", payer, {**question, **more})

    limits = [{"currency": "NAD", "day": None, "month": None}]
    bare = await quoted()
    assert (bare["limits_left"], bare["screening"], bare["refusal"]) == (limits, None, None)
    both = {"source_wallet_id": str(payer.wallet_id), "target_wallet_id": str(payee.wallet_id)}
    clear = await quoted(**both)
    assert (clear["screening"], clear["refusal"]) == ("clear", None)
    bank.price(fee="0.01")
    assert (await quoted(**both))["refusal"] == {
        "code": "PAY_001",
        "error": "The wallet's available balance is too low.",
        "field": None,
        "leg": None,
        "details": {"needed": "1000.01", "available": "1000.00", "currency": "NAD"},
    }
    bank.screening.blocked = {payee.wallet_id}
    result = await quoted(target_wallet_id=str(payee.wallet_id))
    assert (result["screening"], result["refusal"]["code"], result["refusal"]["details"]) == ("refused", "PAY_007", {})
    bank.screening.away = True
    assert (await quoted(**both))["screening"] is None


async def test_a_quote_discloses_no_other_persons_wallet(bank: Bank, payer: Holder, payee: Holder) -> None:
    question = {"amount": "1.00", "currency": "NAD"}
    for wallet_id, expected in ((payee.wallet_id, (403, "ACC_001")), (new_id(), (404, "RES_001"))):
        answer = await bank.post("/fees/quote", payer.user_id, {**question, "source_wallet_id": str(wallet_id)})
        assert refusal(answer) == expected


@pytest.mark.parametrize(
    ("operation", "model"),
    [
        ("transfer_tokens", RehearsalResponse),
        ("make_payment", RehearsalResponse),
        ("transfer_linked", RehearsalResponse),
        ("submit_bulk", BulkRehearsalResponse),
    ],
)
async def test_the_documented_example_of_a_dry_run_is_possible(operation: str, model: type[ResponseModel]) -> None:
    routers = [transfers, payments, bulk_transfers]
    [route] = [one for router in routers for one in router.routes if one.name == operation]  # type: ignore[attr-defined]  # ours
    [example] = [one["example"] for one in route.responses[200]["content"].values()]  # type: ignore[attr-defined]
    read = Envelope[model].model_validate_json(json.dumps(example))  # type: ignore[valid-type]
    assert json.loads(read.model_dump_json())["data"] == example["data"]
