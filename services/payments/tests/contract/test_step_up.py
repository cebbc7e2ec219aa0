"""Large amounts require two recent factors, whichever way they are moved."""

import pytest

from services.payments.tests.contract.bank import STRONG, Bank, refusal
from services.payments.tests.contract.ways import WAYS

MUCH, LITTLE = "2000.01", "2000.00"


@pytest.mark.clause("ASVS 7.5.3")
@pytest.mark.parametrize("path", WAYS)
async def test_large_amounts_require_two_recent_factors_and_the_error_says_so(bank: Bank, path: str) -> None:
    body_of, accepted = WAYS[path]
    payer, payee = await bank.holder("9000.00"), await bank.holder()

    refused = await bank.post(path, payer.user_id, body_of(payer, payee, MUCH), methods=("pwd",))
    assert refusal(refused) == (401, "AUTH_005")
    assert refused.json()["step_up"] == {"acr_values": "urn:elcorp:acr:mfa", "max_age": 300}
    assert 'error="insufficient_user_authentication"' in refused.headers["www-authenticate"]
    assert await bank.wallet(payer) == ("9000.00", "0.00", "9000.00")

    little = await bank.post(path, payer.user_id, body_of(payer, payee, LITTLE), methods=("pwd",))
    assert little.status_code == accepted, little.text
    strong = await bank.post(path, payer.user_id, body_of(payer, payee, MUCH), methods=STRONG)
    assert strong.status_code == accepted, strong.text
