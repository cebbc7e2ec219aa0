"""Orders from a peer belong to the payer: they need the payer's access token as at REST, and are recorded as theirs."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from chassis.auth.revocations import Revocations
from chassis.errors import STATUS
from chassis.rpc import RemoteError
from chassis.testing.callers import also_name
from chassis.testing.running import eventually
from chassis.testing.stored import everything, unchanged
from chassis.testing.tokens import TokenForge
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from elcorp.payments.v1 import payments_pb2, payments_pb2_grpc
from kernel.assurance import Factors
from kernel.errors import Kind
from kernel.ids import new_id
from payments.domain.price_book import PriceBook
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import STRONG, Bank, Holder, refusal
from services.payments.tests.contract.peers import PeerSettings, Stub, calling, order
from services.payments.tests.unit.prices import fee_rule, tier

MUCH, LITTLE = "2000.01", "2000.00"
Token = Callable[[Bank, Holder], str]


def hours_ago(bank: Bank, hours: int) -> int:
    return int(bank.clock.now().timestamp()) - hours * 3600


# Invalid tokens, and the error of an order with each.
TOKENS: Final[Mapping[str, tuple[Token, str]]] = {
    "none": (lambda _bank, _payer: "", "AUTH_004"),
    "no token": (lambda _bank, _payer: "payer", "AUTH_003"),
    "too long": (lambda bank, payer: bank.token(payer.user_id) + "A" * 8192, "AUTH_003"),
    "expired": (lambda bank, payer: bank.token(payer.user_id, life_seconds=0), "AUTH_002"),
    "not yet valid": (lambda bank, payer: bank.token(payer.user_id, claims={"nbf": hours_ago(bank, -1)}), "AUTH_003"),
    "signed by another": (lambda bank, payer: TokenForge(bank.clock).token(payer.user_id), "AUTH_003"),
    "of another issuer": (lambda bank, payer: bank.token(payer.user_id, claims={"iss": "https://evil.example"}), "AUTH_003"),
    "for another audience": (lambda bank, payer: bank.token(payer.user_id, claims={"aud": "elsewhere"}), "AUTH_003"),
    "of another kind": (lambda bank, payer: bank.token(payer.user_id, header={"typ": "JWT"}), "AUTH_003"),
    "without a session": (lambda bank, payer: bank.token(payer.user_id, claims={"sid": None}), "AUTH_003"),
    "of another user": (lambda bank, _payer: bank.token(new_id()), "ACC_001"),
    "of staff": (lambda bank, _payer: bank.token(bank.staff_id, roles=("staff",)), "ACC_001"),
    "of roles that may not pay": (lambda bank, payer: bank.token(payer.user_id, roles=("staff",)), "ACC_001"),
    "of no roles": (lambda bank, payer: bank.token(payer.user_id, roles=()), "ACC_001"),
    "of one factor": (lambda bank, payer: bank.token(payer.user_id, methods=("pwd",)), "AUTH_005"),
    "of an old sign-in": (
        lambda bank, payer: bank.token(payer.user_id, claims={"auth_time": hours_ago(bank, 1)}),
        "AUTH_005",
    ),
}


async def by_rest(bank: Bank, payer: Holder, payee: Holder, amount: str, token: str) -> tuple[int, str]:
    body = {
        "source_wallet_id": str(payer.wallet_id),
        "target_wallet_id": str(payee.wallet_id),
        "amount": amount,
        "currency": "NAD",
    }
    headers = {"Idempotency-Key": str(new_id())} | ({"Authorization": f"Bearer {token}"} if token else {})
    return refusal(await bank.client.post("/api/v1/transfers", json=body, headers=headers))


async def by_grpc(stub: Stub, one: payments_pb2.Order) -> RemoteError:
    with pytest.raises(RemoteError) as refused:
        await stub.Transfer(payments_pb2.TransferRequest(order=one))
    return refused.value


async def by_batch(stub: Stub, *orders: payments_pb2.Order) -> list[str]:
    answer = await stub.PostTransfers(payments_pb2.PostTransfersRequest(orders=orders))
    return [one.settled.status or one.refusal.code for one in answer.outcomes]


@pytest.mark.parametrize("wrong", TOKENS)
async def test_a_token_that_rest_refuses_moves_no_money_by_either_call(bank: Bank, stub: Stub, wrong: str) -> None:
    payer, payee = await bank.holder("9000.00"), await bank.holder()
    make, code = TOKENS[wrong]
    token = make(bank, payer)
    async with unchanged(bank.database):
        refused = await by_grpc(stub, order(bank, payer, payee, MUCH, token=token))
        assert await by_batch(stub, order(bank, payer, payee, MUCH, token=token)) == [code]
    assert (STATUS[refused.kind].http, refused.code) == await by_rest(bank, payer, payee, MUCH, token)
    assert refused.code == code


async def test_a_valid_token_is_refused_once_it_has_expired(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    token = bank.token(payer.user_id)
    assert await by_batch(stub, order(bank, payer, payee, "1.00", token=token)) == ["completed"]
    bank.wait(seconds=900)
    async with unchanged(bank.database):
        assert (await by_grpc(stub, order(bank, payer, payee, "1.00", token=token))).code == "AUTH_002"


async def test_two_recent_factors_are_required_above_the_same_amount_as_at_rest(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("9000.00"), await bank.holder()
    weak, strong = (bank.token(payer.user_id, methods=methods) for methods in (("pwd",), STRONG))
    orders = [(LITTLE, weak), (MUCH, weak), (MUCH, strong)]
    outcomes = await by_batch(stub, *(order(bank, payer, payee, amount, token=token) for amount, token in orders))
    assert outcomes == ["completed", "AUTH_005", "completed"]


async def test_a_token_from_before_a_change_of_factors_has_no_factor(bank: Bank, stub: Stub) -> None:
    payer, payee, at = await bank.holder("9000.00"), await bank.holder(), bank.clock.now()
    before, after = (bank.token(payer.user_id, methods=STRONG, claims={"factors_version": version}) for version in (1, 2))
    bank.revocations.change_factors(payer.user_id, Factors(2, has_second=True), at.timestamp())
    async with unchanged(bank.database):
        assert (await by_grpc(stub, order(bank, payer, payee, MUCH, token=before))).code == "AUTH_005"
    assert await by_rest(bank, payer, payee, MUCH, before) == (401, "AUTH_005")
    orders = [(LITTLE, before), (MUCH, before), (MUCH, after)]
    outcomes = await by_batch(stub, *(order(bank, payer, payee, amount, token=token) for amount, token in orders))
    assert outcomes == ["completed", "AUTH_005", "completed"]


async def test_roles_that_changed_after_the_token_was_issued_apply_at_once(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    token = bank.token(payer.user_id)
    change = bank.access_control.subject_roles.change
    change(str(payer.user_id), ["staff"], changed_at=bank.clock.now())
    async with unchanged(bank.database):
        assert (await by_grpc(stub, order(bank, payer, payee, "1.00", token=token))).code == "ACC_001"
    change(str(payer.user_id), ["user"], changed_at=bank.clock.now())
    assert await by_batch(stub, order(bank, payer, payee, "1.00", token=token)) == ["completed"]


async def test_a_token_of_an_ended_session_is_refused_as_at_rest(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    ended, other = new_id(), new_id()
    token, good = (bank.token(payer.user_id, session_id=session_id) for session_id in (ended, other))
    assert await by_batch(stub, order(bank, payer, payee, "1.00", token=token)) == ["completed"]
    # Sign-out ends one session. A suspension, restriction or erasure ends all sessions of the user.
    bank.revocations.end(ended, bank.clock.now().timestamp())
    async with unchanged(bank.database):
        refused = await by_grpc(stub, order(bank, payer, payee, "1.00", token=token))
        assert await by_batch(stub, order(bank, payer, payee, "1.00", token=token)) == ["AUTH_003"]
    assert (STATUS[refused.kind].http, refused.code) == await by_rest(bank, payer, payee, "1.00", token) == (401, "AUTH_003")
    assert await by_batch(stub, order(bank, payer, payee, "1.00", token=good)) == ["completed"]


@pytest.mark.parametrize(("seconds", "status"), [(None, "SRV_002"), (3.0, "completed"), (3.1, "SRV_002")])
async def test_while_ended_sessions_are_unknown_no_peer_moves_money(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, seconds: float | None, status: str
) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    now = 0.0
    known = Revocations(elapsed=lambda: now)
    if seconds is not None:
        known.confirm()
        now = seconds
    also_name(monkeypatch, PeerSettings.NAME)
    async with calling(replace(bank, access_control=replace(bank.access_control, revocations=known))) as channel:
        stub: Stub = payments_pb2_grpc.LedgerServiceStub(channel)
        assert await by_batch(stub, order(bank, payer, payee, "1.00")) == [status]


@pytest.mark.parametrize(("roles", "status"), [(("user",), "pending_approval"), (("user", "admin"), "completed")])
async def test_a_rule_that_approves_by_role_uses_the_payers_roles(
    bank: Bank, stub: Stub, roles: tuple[str, ...], status: str
) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    bank.prices.rules = approval_from("0", lambda question: "admin" not in question.roles)
    token = bank.token(payer.user_id, roles=roles)
    settled = await stub.Transfer(payments_pb2.TransferRequest(order=order(bank, payer, payee, "1.00", token=token)))
    assert settled.settled.status == status
    assert await by_batch(stub, order(bank, payer, payee, "1.00", token=token)) == [status]


@pytest.mark.parametrize(("roles", "balance"), [(("user",), "89.00"), (("user", "admin"), "90.00")])
async def test_fees_are_waived_by_the_payers_roles(bank: Bank, stub: Stub, roles: tuple[str, ...], balance: str) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    bank.prices.book = PriceBook([fee_rule(tier(flat="1"), waived_roles=frozenset({"admin"}))], [])
    token = bank.token(payer.user_id, roles=roles)
    assert await by_batch(stub, order(bank, payer, payee, "10.00", token=token)) == ["completed"]
    assert (await bank.wallet(payer))[0] == balance


async def test_in_a_batch_each_order_belongs_to_its_own_payer_and_a_bad_token_refuses_that_order_alone(
    bank: Bank, stub: Stub
) -> None:
    one, other, payee = await bank.holder("10.00"), await bank.holder("10.00"), await bank.holder()
    outcomes = await by_batch(
        stub,
        order(bank, one, payee, "1.00"),
        order(bank, one, payee, "1.00", token=""),
        order(bank, other, payee, "2.00"),
        order(bank, other, payee, "2.00", token=bank.token(one.user_id)),
        order(bank, one, payee, "4.00", token=bank.token(one.user_id, roles=())),
    )
    assert outcomes == ["completed", "AUTH_004", "completed", "ACC_001", "ACC_001"]
    assert [(await bank.wallet(each))[0] for each in (one, other, payee)] == ["9.00", "8.00", "3.00"]


async def test_the_audit_trail_names_the_payer_and_the_session_and_the_peer(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("10.00"), await bank.holder()
    session_id = new_id()
    token = bank.token(payer.user_id, session_id=session_id)
    assert await by_batch(stub, order(bank, payer, payee, "1.00", token=token)) == ["completed"]
    async with bank.database.read() as connection:
        payload = await connection.scalar(
            text("SELECT payload FROM outbox WHERE type = 'audit.facts.recorded' ORDER BY position DESC LIMIT 1")
        )
    [fact] = AuditFactsRecorded.FromString(bytes(payload)).facts
    actor = fact.actor
    assert (actor.kind, actor.subject_id, actor.session_id) == ("user", str(payer.user_id), str(session_id))
    assert (actor.device_id, actor.user_agent, tuple(actor.methods)) == ("device-1", "elcorp/compliance", STRONG)
    assert actor.authenticated_at.ToDatetime(bank.clock.now().tzinfo) == bank.clock.now().replace(microsecond=0)


async def test_an_order_refused_by_screening_is_recorded_with_the_payer_as_actor(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("10.00"), await bank.holder()
    bank.screening.blocked = {payer.user_id}
    assert await by_batch(stub, order(bank, payer, payee, "1.00")) == ["PAY_007"]
    async with bank.database.read() as connection:
        payload = await connection.scalar(text("SELECT payload FROM outbox ORDER BY position DESC LIMIT 1"))
    [fact] = AuditFactsRecorded.FromString(bytes(payload)).facts
    assert (fact.actor.kind, fact.actor.subject_id) == ("user", str(payer.user_id))


def bearing(bank: Bank, payer: Holder) -> list[str]:
    """Return a valid token and invalid ones, each with a part that appears nowhere else."""
    wrong = [{"sub": "me"}, {"amr": "pwd"}, {"iss": "https://evil.example"}]
    return [bank.token(payer.user_id), *(bank.token(payer.user_id, claims=claims) for claims in wrong)]


async def test_no_token_is_logged_or_returned_or_stored(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("10.00"), await bank.holder()
    tokens = bearing(bank, payer)
    answers: list[Any] = []
    with capture_logs() as lines:
        for token in tokens:
            one = order(bank, payer, payee, "1.00", token=token)
            answers.append(await stub.PostTransfers(payments_pb2.PostTransfersRequest(orders=[one])))
        for token in tokens[1:]:
            refused = await by_grpc(stub, order(bank, payer, payee, "1.00", token=token))
            answers.append((refused.message, refused.facts, refused.violations))
        invalid = order(bank, payer, payee, "1.00", token=tokens[0], key="k" * 256)
        refused = await by_grpc(stub, invalid)
        answers.append((refused.message, refused.facts, refused.violations))
        # The response is sent before its log line is written.
        await eventually(lambda: len([line for line in lines if line["event"] == "rpc"]), 2 * len(tokens))
    everywhere = repr((lines, answers, await everything(bank.database)))
    for token in tokens:
        for part in token.split(".")[1:]:
            assert part not in everywhere


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("description", "rent\0"),
        ("description", "rent\nMarch"),
        ("reference", "INV\u202e7"),
        ("key", "a key"),
        ("key", "k\0"),
        ("key", "clé"),
        ("key", "bulk:1"),
    ],
)
async def test_a_peers_texts_and_keys_follow_the_rules_of_rest(bank: Bank, stub: Stub, field: str, text: str) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    asked = order(bank, payer, payee, "1.00", **{field: text})
    good = order(bank, payer, payee, "2.00")
    async with unchanged(bank.database):
        with pytest.raises(RemoteError) as refused:
            await stub.Transfer(payments_pb2.TransferRequest(order=asked))
        assert (refused.value.kind, refused.value.code) == (Kind.INVALID, "VAL_001")
    answer = await stub.PostTransfers(payments_pb2.PostTransfersRequest(orders=[asked, good]))
    assert [one.WhichOneof("result") for one in answer.outcomes] == ["refusal", "settled"]


async def test_a_peers_texts_are_stored_in_one_form(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    asked = order(bank, payer, payee, "1.00", description="cafe\u0301")
    made = (await stub.Transfer(payments_pb2.TransferRequest(order=asked))).settled.transfer_id
    shown = (await bank.get(f"/transfers/{made}", payer.user_id)).json()["data"]
    assert shown["description"] == "caf\u00e9"
