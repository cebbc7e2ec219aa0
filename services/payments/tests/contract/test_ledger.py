"""The trial balance over REST, for staff."""

from payments.domain.account import SystemCode
from services.payments.tests.contract.bank import Bank


async def test_the_books_balance(bank: Bank) -> None:
    await bank.holder("1234.56")
    lines = (await bank.staff("GET", "/ledger/trial-balance")).json()["data"]["items"]
    nad = next(line for line in lines if line["currency"] == "NAD")
    of_each = {line["code"]: (line["normal_side"], line["debit"], line["credit"], line["accounts"]) for line in nad.pop("lines")}
    assert nad == {"currency": "NAD", "wallets": "1234.56", "system": "-1234.56", "total": "0.00", "accounts": 8}
    assert of_each["treasury"] == ("debit", "1234.56", "0.00", 1)
    assert of_each[None] == ("credit", "0.00", "1234.56", 1)
    assert set(of_each) == {None, *SystemCode}
    assert {code: of_each[code] for code in ("fees", "fx")} == dict.fromkeys(("fees", "fx"), ("credit", "0.00", "0.00", 1))
    assert {line["total"] for line in lines} == {"0.00", "0.00000000"}
