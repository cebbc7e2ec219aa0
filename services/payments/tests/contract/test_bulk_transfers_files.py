"""The file of a bulk transfer is kept exactly as it was submitted, and returned to those who may see the bulk transfer."""

import hashlib
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.objects import HeldUpload, folder_store
from kernel.objects import ObjectsUnavailable, Upload
from payments.application.bulk_transfers.collect_objects import CollectObjects
from payments.infrastructure.sql.bulk_transfers import object_claims
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.outbox import Record

BULK = "/api/v1/transfers/bulk"


def csv_of(payee: Holder, *, amount: str = "5.00") -> bytes:
    # A byte order mark, a space, an empty line and no line feed at the end: all of it is returned.
    return f"\ufefftarget_wallet_id,amount\r\n{payee.wallet_id}, {amount}\r\n\r\n".encode().rstrip(b"\n")


async def submit(bank: Bank, payer: Holder, content: bytes, *, media_type: str = "text/csv", **headers: str) -> httpx.Response:
    given = {
        **bank.forge.headers(payer.user_id),
        "Idempotency-Key": str(uuid4()),
        "Content-Type": media_type,
        **headers,
    }
    query = f"?source_wallet_id={payer.wallet_id}&currency=NAD&mode=best_effort"
    return await bank.client.post(f"{BULK}{query}", content=content, headers=given)


async def accepted(bank: Bank, payer: Holder, content: bytes, **headers: str) -> str:
    response = await submit(bank, payer, content, **headers)
    assert response.status_code == 202, response.text
    return str(response.json()["data"]["id"])


async def file_of(bank: Bank, bulk_id: str, by: Holder, *, roles: tuple[str, ...] = ("user",), **headers: str) -> httpx.Response:
    given = {**bank.forge.headers(by.user_id, roles=roles), **headers}
    return await bank.client.get(f"/api/v1/transfers/bulk/{bulk_id}/file", headers=given)


async def test_the_file_comes_back_byte_for_byte(bank: Bank, payer: Holder, payee: Holder) -> None:
    content = csv_of(payee)
    bulk_id = await accepted(
        bank, payer, content, **{"Content-Disposition": "attachment; filename*=UTF-8''L%C3%B6hne%20M%C3%A4rz.csv"}
    )
    response = await file_of(bank, bulk_id, payer)
    assert (response.status_code, response.content) == (200, content)
    headers = response.headers
    assert headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert (
        headers["content-disposition"] == "attachment; filename=\"L_hne M_rz.csv\"; filename*=UTF-8''L%C3%B6hne%20M%C3%A4rz.csv"
    )
    assert headers["content-type"].startswith("text/csv")
    assert headers["cache-control"] == "private, no-store"
    assert "sandbox" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_range_of_the_file(bank: Bank, payer: Holder, payee: Holder) -> None:
    content = csv_of(payee)
    bulk_id = await accepted(bank, payer, content)
    response = await file_of(bank, bulk_id, payer, Range="bytes=3-11")
    assert (response.status_code, response.content) == (206, content[3:12])
    assert response.headers["content-range"] == f"bytes 3-11/{len(content)}"


async def test_the_same_bytes_are_stored_once_and_each_bulk_has_them(
    bank: Bank, database: Database, payer: Holder, payee: Holder
) -> None:
    content = csv_of(payee)
    first, second = await accepted(bank, payer, content), await accepted(bank, payer, content)
    assert first != second
    for bulk_id in (first, second):
        assert (await file_of(bank, bulk_id, payer)).content == content
    async with database.read() as connection:
        rows = (await connection.execute(text("SELECT digest, size FROM objects"))).all()
    assert [(bytes(row.digest), row.size) for row in rows] == [(hashlib.sha256(content).digest(), len(content))]


async def test_others_do_not_see_the_file_and_a_read_by_staff_is_a_fact(bank: Bank, payer: Holder, payee: Holder) -> None:
    bulk_id = await accepted(bank, payer, csv_of(payee))
    stranger = await file_of(bank, bulk_id, payee)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "RES_001")
    staff = await file_of(bank, bulk_id, Holder(), roles=("staff",))
    assert staff.status_code == 200


async def test_a_bulk_of_an_earlier_release_has_no_file(bank: Bank, database: Database, payer: Holder, payee: Holder) -> None:
    bulk_id = await accepted(bank, payer, csv_of(payee))
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE bulks SET file_digest = NULL, file_size = NULL, file_name = NULL"))
    response = await file_of(bank, bulk_id, payer)
    assert (response.status_code, response.json()["code"]) == (404, "RES_001")
    assert "not kept" in response.json()["error"]


@pytest.mark.parametrize("content", [b"target_wallet_id,amount\n\xff,1", b"target\0", b"%PDF-1.7", b"<Document/>"])
async def test_content_of_another_type_is_refused_and_not_kept(
    bank: Bank, database: Database, payer: Holder, content: bytes
) -> None:
    refused = await submit(bank, payer, content)
    assert (refused.status_code, refused.json()["code"]) == (422, "VAL_005")
    digest = hashlib.sha256(content).hexdigest()
    assert digest not in [one async for batch in folder_store().stored() for one in batch]
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM objects"))).scalar_one() == 0


async def test_another_media_type_is_refused_before_its_body_is_read(bank: Bank, payer: Holder) -> None:
    refused = await submit(bank, payer, b"x", media_type="text/html")
    assert (refused.status_code, refused.json()["code"]) == (422, "VAL_001")
    assert [error["field"] for error in refused.json()["errors"]] == ["Content-Type"]


class Scanner:
    """Finds malware in files that contain the word, until it is away."""

    is_away = False

    async def find_malware(self, upload: Upload) -> str | None:
        if self.is_away:
            raise ObjectsUnavailable
        return "Test.Malware" if b"malware" in upload.read() else None


@pytest.fixture
def scanner(bank: Bank) -> Scanner:
    """Let the bank scan files."""
    keep = bank.payments.bulk_transfers.submit_bulk.keep_file
    scanner = Scanner()
    object.__setattr__(keep, "scanner", scanner)
    return scanner


async def digests_kept(bank: Bank) -> set[str]:
    async with bank.database.read() as connection:
        return {bytes(digest).hex() for digest in await connection.scalars(text("SELECT digest FROM objects"))}


async def test_a_file_with_malware_is_refused_and_recorded(bank: Bank, payer: Holder, payee: Holder, scanner: Scanner) -> None:
    record = Record(bank.database, bank.clock)
    await record.skip()
    content = f"target_wallet_id,amount,description\n{payee.wallet_id},5.00,malware".encode()
    refused = await submit(bank, payer, content)
    assert (refused.status_code, refused.json()["code"]) == (422, "VAL_006")
    assert "Test.Malware" not in refused.text
    digest = hashlib.sha256(content).hexdigest()
    _, [fact] = await record.news()
    assert (fact.action, fact.resource) == ("payments.bulk.refuse_malware", ("file", digest))
    assert fact.after == {"malware": "Test.Malware", "size": len(content), "format": "text/csv"}
    assert await digests_kept(bank) == set()
    assert (await submit(bank, payer, csv_of(payee))).status_code == 202


async def test_a_file_that_cannot_be_scanned_is_not_accepted(bank: Bank, payer: Holder, payee: Holder, scanner: Scanner) -> None:
    scanner.is_away = True
    refused = await submit(bank, payer, csv_of(payee))
    assert (refused.status_code, refused.json()["code"]) == (503, "SRV_002")
    assert int(refused.headers["retry-after"]) > 0
    assert await digests_kept(bank) == set()


async def test_a_repeated_request_returns_the_first_response_and_stores_nothing(
    bank: Bank, payer: Holder, payee: Holder, scanner: Scanner
) -> None:
    key = {"Idempotency-Key": "pay-day"}
    first = await submit(bank, payer, csv_of(payee), **key)
    # Neither the scanner nor the store is asked again.
    scanner.is_away = True
    again = await submit(bank, payer, csv_of(payee), **key)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["data"] == first.json()["data"]
    other = await submit(bank, payer, csv_of(payee, amount="6.00"), **key)
    assert (other.status_code, other.json()["code"]) == (422, "VAL_002")


async def test_a_dry_run_keeps_no_file(bank: Bank, payer: Holder, payee: Holder) -> None:
    headers = {**bank.forge.headers(payer.user_id), "Idempotency-Key": "k", "Content-Type": "text/csv"}
    query = f"?source_wallet_id={payer.wallet_id}&currency=NAD&mode=best_effort&dry_run=true"
    assert (await bank.client.post(f"{BULK}{query}", content=csv_of(payee), headers=headers)).status_code == 200
    assert await digests_kept(bank) == set()


async def test_the_file_of_a_bulk_is_never_collected_and_a_refused_one_is(bank: Bank, payer: Holder, payee: Holder) -> None:
    kept = csv_of(payee)
    bulk_id = await accepted(bank, payer, kept)
    # It needs a second factor, which is known only after it was stored.
    refused = await submit(bank, payer, csv_of(payee, amount="6000.00"))
    assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_005")
    assert len(await digests_kept(bank)) == 2
    collect = CollectObjects(claims=object_claims(bank.database), objects=bank.dependencies.objects, clock=bank.clock)
    bank.wait(days=2)
    assert await collect() == 1
    assert await digests_kept(bank) == {hashlib.sha256(kept).hexdigest()}
    assert (await file_of(bank, bulk_id, payer)).content == kept


async def test_bytes_that_are_being_removed_can_be_submitted_a_little_later(bank: Bank, payer: Holder, payee: Holder) -> None:
    content = csv_of(payee)
    upload, claims = HeldUpload(content), object_claims(bank.database)
    await claims.claim(upload.file, at=bank.clock.now())
    bank.wait(days=2)
    await claims.take_unused(claimed_before=bank.clock.now(), limit=10)
    refused = await submit(bank, payer, content)
    assert (refused.status_code, refused.json()["code"]) == (503, "SRV_002")
    await CollectObjects(claims=claims, objects=bank.dependencies.objects, clock=bank.clock)()
    assert (await file_of(bank, await accepted(bank, payer, content), payer)).content == content
