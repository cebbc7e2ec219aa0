"""One space of Idempotency-Keys for each caller: a key names one request, and its repetition is answered as the first was."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import httpx
import psycopg
import pytest

from chassis.rpc import RemoteError
from chassis.testing.databases import DatabaseUrls
from chassis.testing.policies import bundle_of
from chassis.testing.stored import unchanged
from elcorp.payments.v1 import payments_pb2
from kernel.ids import new_id
from payments.domain.price_book import PriceBook
from services.payments.tests.contract.bank import GRANTS, Bank, Holder, refusal
from services.payments.tests.contract.peers import Stub, order
from services.payments.tests.contract.ways import WAYS, leg

REASON: Final = {"reason": "asked for by the payer"}
# What one caller needs to be able to ask for everything.
EVERY_ROLE: Final = ("admin",)
ACCEPTED: Final = "accepted"


@dataclass
class Desk:
    """A caller who has something to refund, to capture, to void, to reverse, to approve and to freeze."""

    bank: Bank
    stub: Stub
    caller: Holder
    other: Holder
    received: str
    sent_hold: str
    received_hold: str
    of_others: str
    waiting: str

    @classmethod
    async def open(cls, bank: Bank, stub: Stub) -> "Desk":
        caller, other, third = await bank.holder("1000.00"), await bank.holder("1000.00"), await bank.holder()
        received, of_others = await bank.made(other, caller, "10.00"), await bank.made(other, third, "10.00")
        sent_hold = await bank.made(caller, other, "10.00", capture="later")
        received_hold = await bank.made(other, caller, "10.00", capture="later")
        bank.approve_above("10.00")
        waiting = await bank.made(other, third, "10.00")
        bank.approve_above("5000.00")
        made = (received, sent_hold, received_hold, of_others, waiting)
        return cls(bank, stub, caller, other, *(one["id"] for one in made))

    async def post(self, path: str, body: Mapping[str, Any], key: str, **rest: Any) -> str:
        return told(await self.bank.post(path, self.caller.user_id, body, key=key, **({"roles": EVERY_ROLE} | rest)))


Ask: TypeAlias = Callable[[Desk, str], Awaitable[str]]


def told(answer: httpx.Response) -> str:
    """Return that a request was accepted, or the code of what refused it."""
    return ACCEPTED if answer.is_success else answer.json()["code"]


def by(path: str) -> Ask:
    async def ask(desk: Desk, key: str) -> str:
        body_of, _ = WAYS[path]
        return await desk.post(path, body_of(desk.caller, desk.other, "4.00"), key)

    return ask


async def by_rpc(desk: Desk, key: str) -> str:
    request = payments_pb2.TransferRequest(order=order(desk.bank, desk.caller, desk.other, "4.00", key=key))
    try:
        await desk.stub.Transfer(request)
    except RemoteError as refused:
        return refused.code
    return ACCEPTED


def issuance(desk: Desk) -> dict[str, Any]:
    return {"wallet_id": str(desk.caller.wallet_id), "amount": "1.00", "currency": "NAD", "reason": "salaries of July"}


ASKS: Final[Mapping[str, Ask]] = {
    "transfer": by("/transfers"),
    "payment": by("/payments"),
    "linked": by("/transfers/linked"),
    "bulk": by("/transfers/bulk"),
    "schedule": by("/transfers/schedules"),
    "refund": lambda desk, key: desk.post(f"/transfers/{desk.received}/refund", {**REASON, "amount": "1.00"}, key),
    "reversal": lambda desk, key: desk.post(f"/transfers/{desk.of_others}/reverse", REASON, key),
    "issuance": lambda desk, key: desk.post("/issuances", issuance(desk), key),
    "capture": lambda desk, key: desk.post(f"/transfers/{desk.sent_hold}/capture", {}, key),
    "void": lambda desk, key: desk.post(f"/transfers/{desk.received_hold}/void", REASON, key),
    "approval": lambda desk, key: desk.post(f"/transfers/{desk.waiting}/approve", {}, key),
    "freeze": lambda desk, key: desk.post(f"/wallets/{desk.other.wallet_id}/freeze", REASON, key),
    "wallet": lambda desk, key: desk.post("/wallets", {"currency": "USD"}, key),
    "rpc": by_rpc,
}
# A peer's order of the same content as a transfer is the same request.
SAME: Final = frozenset({"transfer", "rpc"})


@pytest.fixture
async def desk(bank: Bank, stub: Stub) -> Desk:
    return await Desk.open(bank, stub)


@pytest.mark.parametrize("first", ASKS)
async def test_a_key_that_named_one_request_names_no_other(desk: Desk, first: str) -> None:
    assert await ASKS[first](desk, "k") == ACCEPTED
    for name, ask in ASKS.items():
        if name == first or {name, first} == SAME:
            continue
        async with unchanged(desk.bank.database):
            assert (name, await ask(desk, "k")) == (name, "VAL_002")


@pytest.mark.parametrize("key", ["schedule:1", "bulk:1", "elcorp:1"])
async def test_a_key_that_the_platform_makes_is_refused_from_callers(desk: Desk, key: str) -> None:
    async with unchanged(desk.bank.database):
        for name, ask in ASKS.items():
            assert (name, await ask(desk, key)) == (name, "VAL_001")


async def test_the_refusal_of_a_reserved_key_names_the_header(desk: Desk) -> None:
    for path, body in (("/transfers", leg(desk.caller, desk.other, "4.00")), (f"/transfers/{desk.received_hold}/void", REASON)):
        answer = await desk.bank.post(path, desk.caller.user_id, body, key="bulk:1")
        [detail] = answer.json()["errors"]
        assert (answer.status_code, detail["field"]) == (422, "Idempotency-Key")


@pytest.mark.parametrize("path", WAYS)
async def test_the_same_key_of_two_callers_is_two_requests(bank: Bank, payer: Holder, path: str) -> None:
    body_of, accepted = WAYS[path]
    other, payee = await bank.holder("1000.00"), await bank.holder()
    answers = [
        await bank.post(path, holder.user_id, body_of(holder, payee, "4.00"), key="k") for holder in (payer, other, payer, other)
    ]
    assert [answer.status_code for answer in answers] == [accepted] * 4
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, None, "true", "true"]
    assert answers[0].json()["data"] == answers[2].json()["data"] != answers[1].json()["data"]


# What may be otherwise when a request comes again, and with what it then comes.
Since: TypeAlias = Callable[[Bank, Holder, Holder], Awaitable[dict[str, Any] | None]]


async def its_source_is_frozen(bank: Bank, payer: Holder, payee: Holder) -> None:
    assert (await bank.staff("POST", f"/wallets/{payer.wallet_id}/freeze", REASON)).status_code == 200


async def its_target_is_frozen(bank: Bank, payer: Holder, payee: Holder) -> None:
    assert (await bank.staff("POST", f"/wallets/{payee.wallet_id}/freeze", REASON)).status_code == 200


async def its_target_is_a_merchants(bank: Bank, payer: Holder, payee: Holder) -> None:
    await bank.sells(payee)


async def prices_have_changed(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.price(fee="3.00")


async def there_are_no_prices(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.book = PriceBook()


async def compliance_is_away(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.screening.away = True


async def compliance_blocks_the_payee(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.screening.blocked.add(payee.wallet_id)


async def governances_rules_are_old(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.clock.advance(days=2)


async def approval_is_asked_for(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.approve_above("1.00")


async def the_role_is_gone(bank: Bank, payer: Holder, payee: Holder) -> dict[str, Any]:
    return {"roles": ()}


async def one_factor_was_shown(bank: Bank, payer: Holder, payee: Holder) -> dict[str, Any]:
    return {"methods": ("pwd",)}


SINCE: Final[tuple[Since, ...]] = (
    its_source_is_frozen, its_target_is_frozen, its_target_is_a_merchants, prices_have_changed, there_are_no_prices,
    compliance_is_away, compliance_blocks_the_payee, governances_rules_are_old, approval_is_asked_for, the_role_is_gone,
    one_factor_was_shown,
)  # fmt: skip


def same(first: httpx.Response, again: httpx.Response) -> None:
    """Hold an answer to be the first one again."""
    assert again.status_code == first.status_code, again.text
    assert again.json()["data"] == first.json()["data"]
    assert (first.headers.get("idempotency-replayed"), again.headers.get("idempotency-replayed")) == (None, "true")
    assert again.headers.get("location") == first.headers.get("location")


@pytest.mark.parametrize("since", SINCE, ids=lambda since: since.__name__)
@pytest.mark.parametrize("path", WAYS)
async def test_a_repeated_request_is_answered_as_the_first_whatever_holds_since(bank: Bank, path: str, since: Since) -> None:
    body_of, accepted = WAYS[path]
    payer, payee = await bank.holder("9000.00"), await bank.holder()
    bank.price(fee="1.00")
    body = body_of(payer, payee, "2500.00")
    first = await bank.post(path, payer.user_id, body, key="k")
    assert first.status_code == accepted, first.text
    rest = await since(bank, payer, payee) or {}
    async with unchanged(bank.database):
        same(first, await bank.post(path, payer.user_id, body, key="k", **rest))


async def captured_in_part(bank: Bank, made: str, payee: Holder) -> httpx.Response:
    return await bank.post(f"/transfers/{made}/capture", payee.user_id, {"amount": "33.33"})


async def voided(bank: Bank, made: str, payee: Holder) -> httpx.Response:
    return await bank.post(f"/transfers/{made}/void", payee.user_id, REASON)


async def approved(bank: Bank, made: str, payee: Holder) -> httpx.Response:
    return await bank.staff("POST", f"/transfers/{made}/approve", {})


async def rejected(bank: Bank, made: str, payee: Holder) -> httpx.Response:
    return await bank.staff("POST", f"/transfers/{made}/reject", REASON)


async def expired(bank: Bank, made: str, payee: Holder) -> None:
    bank.wait(days=8)
    assert await bank.expire() == 1


async def refunded(bank: Bank, made: str, payee: Holder) -> httpx.Response:
    return await bank.post(f"/transfers/{made}/refund", payee.user_id, {**REASON, "amount": "20.00"})


async def reversed_(bank: Bank, made: str, payee: Holder) -> httpx.Response:
    return await bank.staff("POST", f"/transfers/{made}/reverse", REASON)


Next: TypeAlias = Callable[[Bank, str, Holder], Awaitable[httpx.Response | None]]


@pytest.mark.parametrize("path", ["/transfers", "/payments"])
@pytest.mark.parametrize(
    ("capture", "threshold", "steps"),
    [
        pytest.param("later", "5000", [captured_in_part], id="captured in part"),
        pytest.param("later", "5000", [captured_in_part, refunded], id="captured and refunded"),
        pytest.param("later", "5000", [voided], id="voided"),
        pytest.param("later", "5000", [expired], id="expired"),
        pytest.param("later", "1", [approved], id="approved as a hold"),
        pytest.param("later", "1", [approved, captured_in_part], id="approved and captured in part"),
        pytest.param("later", "1", [approved, expired], id="approved and expired"),
        pytest.param("now", "1", [approved], id="approved"),
        pytest.param("now", "1", [approved, refunded], id="approved and refunded"),
        pytest.param("now", "1", [rejected], id="rejected"),
        pytest.param("now", "1", [expired], id="not decided in time"),
        pytest.param("now", "5000", [refunded], id="refunded"),
        pytest.param("now", "5000", [refunded, refunded], id="refunded twice"),
        pytest.param("now", "5000", [reversed_], id="reversed"),
    ],
)
async def test_a_transfer_that_has_moved_on_is_answered_as_it_began(
    bank: Bank, payer: Holder, path: str, capture: str, threshold: str, steps: list[Next]
) -> None:
    payee = await bank.merchant("100.00")
    bank.price(fee="1.00")
    bank.approve_above(threshold)
    body = {**leg(payer, payee, "100.00"), "reference": "INV-7", "capture": capture}
    first = await bank.post(path, payer.user_id, body, key="k")
    assert first.status_code == 201, first.text
    for step in steps:
        happened = await step(bank, first.json()["data"]["id"], payee)
        assert happened is None or happened.is_success, happened.text
        async with unchanged(bank.database):
            same(first, await bank.post(path, payer.user_id, body, key="k"))
            same(first, await bank.post(path, payer.user_id, body, key="k", roles=()))


async def test_linked_transfers_that_were_given_back_are_answered_as_they_began(bank: Bank, payer: Holder) -> None:
    payee = await bank.holder("100.00")
    body = {"legs": [leg(payer, payee, "40.00"), leg(payer, payee, "60.00"), leg(payer, payee, "20.00")]}
    first = await bank.post("/transfers/linked", payer.user_id, body, key="k")
    made = [item["id"] for item in first.json()["data"]["items"]]
    await refunded(bank, made[0], payee)
    await reversed_(bank, made[1], payee)
    async with unchanged(bank.database):
        same(first, await bank.post("/transfers/linked", payer.user_id, body, key="k"))


async def run(bank: Bank, bulk_id: str, payer: Holder) -> None:
    await bank.run_bulk(bulk_id)


async def cancelled(bank: Bank, bulk_id: str, payer: Holder) -> None:
    assert (await bank.post(f"/transfers/bulk/{bulk_id}/cancel", payer.user_id, REASON)).is_success


async def file_approved(bank: Bank, bulk_id: str, payer: Holder) -> None:
    assert (await bank.staff("POST", f"/transfers/bulk/{bulk_id}/approve", {})).is_success


async def file_rejected(bank: Bank, bulk_id: str, payer: Holder) -> None:
    assert (await bank.staff("POST", f"/transfers/bulk/{bulk_id}/reject", REASON)).is_success


Step: TypeAlias = Callable[[Bank, str, Holder], Awaitable[None]]


@pytest.mark.parametrize(
    ("threshold", "steps"),
    [
        pytest.param("5000", [run], id="run"),
        pytest.param("5000", [cancelled], id="cancelled"),
        pytest.param("1", [cancelled], id="cancelled while it waited"),
        pytest.param("1", [file_approved, run], id="approved and run"),
        pytest.param("1", [file_rejected], id="rejected"),
    ],
)
async def test_a_file_that_has_moved_on_is_answered_as_it_was_accepted(
    bank: Bank, payer: Holder, payee: Holder, threshold: str, steps: list[Step]
) -> None:
    body_of, accepted = WAYS["/transfers/bulk"]
    bank.approve_above(threshold)
    first = await bank.post("/transfers/bulk", payer.user_id, body_of(payer, payee, "40.00"), key="k")
    assert first.status_code == accepted
    for step in steps:
        await step(bank, first.json()["data"]["id"], payer)
        async with unchanged(bank.database):
            same(first, await bank.post("/transfers/bulk", payer.user_id, body_of(payer, payee, "40.00"), key="k"))


async def made_once(bank: Bank, schedule_id: str, payer: Holder) -> None:
    bank.wait(days=1)
    assert await bank.run_schedules() == 1


async def paused(bank: Bank, schedule_id: str, payer: Holder) -> None:
    assert (await bank.post(f"/transfers/schedules/{schedule_id}/pause", payer.user_id, {})).is_success


async def plan_cancelled(bank: Bank, schedule_id: str, payer: Holder) -> None:
    assert (await bank.post(f"/transfers/schedules/{schedule_id}/cancel", payer.user_id, REASON)).is_success


@pytest.mark.parametrize("frequency", ["once", "daily"])
async def test_a_plan_that_has_moved_on_is_answered_as_it_was_planned(
    bank: Bank, payer: Holder, payee: Holder, frequency: str
) -> None:
    body_of, accepted = WAYS["/transfers/schedules"]
    body = {**body_of(payer, payee, "40.00"), "frequency": frequency}
    first = await bank.post("/transfers/schedules", payer.user_id, body, key="k")
    assert first.status_code == accepted
    for step in (made_once, *([made_once, paused, plan_cancelled] if frequency == "daily" else [])):
        await step(bank, first.json()["data"]["id"], payer)
        async with unchanged(bank.database):
            same(first, await bank.post("/transfers/schedules", payer.user_id, body, key="k"))


async def as_admin(desk: Desk, path: str, body: Mapping[str, Any], **rest: Any) -> httpx.Response:
    return await desk.bank.post(path, desk.caller.user_id, body, **({"key": "k", "roles": EVERY_ROLE} | rest))


def guarded(desk: Desk) -> Mapping[str, tuple[dict[str, Any], dict[str, Any]]]:
    """What needs a permission, each with its body and with another."""
    own = ("/payments", "/transfers/linked", "/transfers/bulk", "/transfers/schedules")
    payment, linked, bulk, schedule = (WAYS[path][0] for path in own)
    parties, also = (desk.caller, desk.other), {"reason": "another"}
    return {
        "/transfers": (leg(*parties, "4.00"), leg(*parties, "5.00")),
        "/payments": (payment(*parties, "4.00"), payment(*parties, "5.00")),
        "/transfers/linked": (linked(*parties, "4.00"), linked(*parties, "5.00")),
        "/transfers/bulk": (bulk(*parties, "4.00"), bulk(*parties, "5.00")),
        "/transfers/schedules": (schedule(*parties, "4.00"), schedule(*parties, "5.00")),
        "/issuances": (issuance(desk), {**issuance(desk), "amount": "2.00"}),
        f"/transfers/{desk.received}/refund": ({**REASON, "amount": "1.00"}, REASON),
        f"/transfers/{desk.of_others}/reverse": (REASON, also),
        f"/transfers/{desk.sent_hold}/capture": ({}, {"amount": "1.00"}),
        f"/transfers/{desk.waiting}/reject": (REASON, also),
        f"/wallets/{desk.other.wallet_id}/freeze": (REASON, also),
    }


async def test_without_the_permission_an_earlier_answer_is_told_and_nothing_else(desk: Desk) -> None:
    for path, (body, another) in guarded(desk).items():
        for unused in (body, {**body, "dry_run": True}, another):
            async with unchanged(desk.bank.database):
                assert (path, refusal(await as_admin(desk, path, unused, roles=(), key="new"))) == (path, (403, "ACC_001"))
        first = await as_admin(desk, path, body, key=path)
        assert first.is_success, first.text
        async with unchanged(desk.bank.database):
            same(first, await as_admin(desk, path, body, key=path, roles=()))
            assert (path, refusal(await as_admin(desk, path, another, key=path, roles=()))) == (path, (403, "ACC_001"))
            assert (path, refusal(await as_admin(desk, path, {"x": 1}, key=path, roles=()))) == (path, (403, "ACC_001"))
            assert refusal(await desk.bank.post(path, desk.other.user_id, body, key=path, roles=())) == (403, "ACC_001")


async def test_while_governances_rules_are_old_an_earlier_answer_is_told_and_nothing_else(desk: Desk) -> None:
    firsts = {path: await as_admin(desk, path, body, key=path) for path, (body, _) in guarded(desk).items()}
    desk.bank.clock.advance(days=2)
    async with unchanged(desk.bank.database):
        for path, (body, _) in guarded(desk).items():
            same(firsts[path], await as_admin(desk, path, body, key=path))
            assert (await as_admin(desk, path, body, key="new")).status_code == 503


@pytest.mark.parametrize("step", ["approve", "reject", "reverse"])
async def test_with_one_factor_an_earlier_answer_is_told_and_nothing_else(desk: Desk, step: str) -> None:
    path = f"/transfers/{desk.of_others if step == 'reverse' else desk.waiting}/{step}"
    body = {} if step == "approve" else REASON
    async with unchanged(desk.bank.database):
        assert refusal(await as_admin(desk, path, body, methods=("pwd",))) == (401, "AUTH_005")
    first = await as_admin(desk, path, body)
    assert first.is_success, first.text
    async with unchanged(desk.bank.database):
        same(first, await as_admin(desk, path, body, methods=("pwd",)))
        assert refusal(await as_admin(desk, path, body, methods=("pwd",), key="new")) == (401, "AUTH_005")


async def test_a_peers_order_is_answered_as_the_first_once_the_permission_is_gone(desk: Desk) -> None:
    def request(key: str) -> payments_pb2.TransferRequest:
        return payments_pb2.TransferRequest(order=order(desk.bank, desk.caller, desk.other, "4.00", key=key))

    first = await desk.stub.Transfer(request("k"))
    desk.bank.policies.load(bundle_of({**GRANTS, "user": []}, version=2))
    async with unchanged(desk.bank.database):
        again = await desk.stub.Transfer(request("k"))
        with pytest.raises(RemoteError) as refused:
            await desk.stub.Transfer(request("new"))
    assert refused.value.code == "ACC_001"
    assert (again.settled.transfer_id, again.settled.status, again.settled.replayed) == (
        first.settled.transfer_id,
        first.settled.status,
        True,
    )


@pytest.mark.parametrize("path", ["/transfers", "/transfers/{}/capture"])
async def test_who_is_not_signed_in_is_told_no_earlier_answer(desk: Desk, path: str) -> None:
    path, session_id = path.format(desk.sent_hold), new_id()
    body = leg(desk.caller, desk.other, "4.00") if path == "/transfers" else {}
    assert (await as_admin(desk, path, body)).is_success
    token = desk.bank.token(desk.caller.user_id, session_id=session_id)
    short = desk.bank.token(desk.caller.user_id, life_seconds=60)
    desk.bank.revocations.end(session_id, desk.bank.clock.now().timestamp())
    desk.bank.wait(seconds=61)
    async with unchanged(desk.bank.database):
        for bearer, code in ((token, "AUTH_003"), (short, "AUTH_002")):
            headers = {"Authorization": f"Bearer {bearer}", "Idempotency-Key": "k"}
            assert refusal(await desk.bank.client.post(f"/api/v1{path}", json=body, headers=headers)) == (401, code)
        assert (await desk.bank.client.post(f"/api/v1{path}", json=body, headers={"Idempotency-Key": "k"})).status_code == 401


async def as_the_release_before(urls: DatabaseUrls, statement: str, *values: object) -> None:
    """Write what its migrations let it write: transfers do not change by themselves."""
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as connection:
        await connection.execute("ALTER TABLE transfers DISABLE TRIGGER USER")
        await connection.execute(statement, values)
        await connection.execute("ALTER TABLE transfers ENABLE TRIGGER USER")


@pytest.mark.parametrize("key", ["k", "k" * 252])
async def test_linked_transfers_of_the_release_before_are_answered_and_not_made_again(
    bank: Bank, payer: Holder, payee: Holder, database_urls: DatabaseUrls, key: str
) -> None:
    body = {"legs": [leg(payer, payee, "40.00"), leg(payer, payee, "60.00")]}
    first = await bank.post("/transfers/linked", payer.user_id, body, key=key)
    named = f"sha256:{hashlib.sha256(key.encode()).hexdigest()}" if len(key) > 251 else key
    for number, item in enumerate(first.json()["data"]["items"]):
        statement = "UPDATE transfers SET idempotency_key = %s WHERE id = %s"
        await as_the_release_before(database_urls, statement, f"{named}/{number}", item["id"])
    more = {"legs": [*body["legs"], leg(payer, payee, "1.00")]}
    async with unchanged(bank.database):
        same(first, await bank.post("/transfers/linked", payer.user_id, body, key=key))
        for other in (more, {"legs": body["legs"][::-1]}):
            assert refusal(await bank.post("/transfers/linked", payer.user_id, other, key=key)) == (422, "VAL_002")


async def test_a_hold_of_the_release_before_is_answered_as_it_stands(
    bank: Bank, payer: Holder, payee: Holder, database_urls: DatabaseUrls
) -> None:
    body = {**leg(payer, payee, "100.00"), "capture": "later"}
    first = await bank.post("/transfers", payer.user_id, body, key="k")
    made = first.json()["data"]["id"]
    await as_the_release_before(database_urls, "UPDATE transfers SET began = NULL WHERE id = %s", made)
    same(first, await bank.post("/transfers", payer.user_id, body, key="k"))
    captured = await captured_in_part(bank, made, payee)
    again = await bank.post("/transfers", payer.user_id, body, key="k")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json()["data"] == captured.json()["data"]
