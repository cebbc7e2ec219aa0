"""The upload of a file of payments accepts larger bodies than any other path."""

import json
import re
from uuid import uuid4

import httpx
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.rest.route import UNSAFE, Route
from payments.interfaces.rest import ROUTERS
from services.payments.tests.contract.bank import Bank, Holder

MIB = 1_048_576
BULK = "/api/v1/transfers/bulk"
ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, Route)]
OTHERS = sorted(
    (method, re.sub(r"{\w+}", str(uuid4()), route.path))
    for route in ROUTES
    for method in UNSAFE & set(route.methods or ())
    if (method, route.path) != ("POST", BULK)
)


def padded(body: object, length: int) -> bytes:
    """Return JSON padded with spaces at its end to this many bytes."""
    return json.dumps(body).encode().ljust(length)


async def send(bank: Bank, by: Holder, method: str, path: str, content: bytes) -> httpx.Response:
    headers = {**bank.forge.headers(by.user_id), "Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
    return await bank.client.request(method, path, content=content, headers=headers)


async def rows(database: Database, table: str) -> int:
    async with database.read() as connection:
        count: int = (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
    return count


async def test_a_file_may_have_eight_mebibytes_and_no_more(bank: Bank, database: Database, payer: Holder, payee: Holder) -> None:
    lines = [{"target_wallet_id": str(payee.wallet_id), "amount": "1.00"}]
    file = {"source_wallet_id": str(payer.wallet_id), "currency": "NAD", "mode": "best_effort", "lines": lines}
    refused = await send(bank, payer, "POST", BULK, padded(file, 8 * MIB + 1))
    assert (refused.status_code, refused.json()["code"]) == (413, "VAL_003")
    assert await rows(database, "bulks") == 0
    accepted = await send(bank, payer, "POST", BULK, padded(file, 8 * MIB))
    assert accepted.status_code == 202, accepted.text
    assert await rows(database, "bulks") == 1


async def test_a_transfer_may_have_one_mebibyte_and_no_more(bank: Bank, database: Database, payer: Holder, payee: Holder) -> None:
    body = {
        "source_wallet_id": str(payer.wallet_id),
        "target_wallet_id": str(payee.wallet_id),
        "amount": "1.00",
        "currency": "NAD",
    }
    before = await rows(database, "transfers")
    refused = await send(bank, payer, "POST", "/api/v1/transfers", padded(body, MIB + 1))
    assert (refused.status_code, refused.json()["code"]) == (413, "VAL_003")
    assert await rows(database, "transfers") == before
    settled = await send(bank, payer, "POST", "/api/v1/transfers", padded(body, MIB))
    assert settled.status_code == 201, settled.text
    assert await rows(database, "transfers") == before + 1


async def test_no_other_path_accepts_a_body_beyond_one_mebibyte(bank: Bank, payer: Holder) -> None:
    content = b" " * (MIB + 1)
    answers = {(method, path): await send(bank, payer, method, path, content) for method, path in OTHERS}
    assert {pair: answer.status_code for pair, answer in answers.items()} == dict.fromkeys(OTHERS, 413)
    for path in (f"{BULK}/", f"{BULK}/{uuid4()}", f"{BULK}x"):
        assert (await send(bank, payer, "POST", path, content)).status_code == 413
