"""A dry run predicts the real run: compared over random setups and requests."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID, uuid5

import httpx
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases
from chassis.testing.stored import unchanged
from kernel.actor import Actor, ActorKind
from kernel.money import amount_text
from payments.domain.approval import ApprovalRule, ApprovalRules
from payments.domain.limits import LimitBook, Spending
from payments.domain.price_book import PriceBook
from services.payments.tests.conftest import VERSIONS
from services.payments.tests.contract.bank import GOOD_SIGNATURE, STRONG, Bank, Holder, open_bank
from services.payments.tests.unit.prices import fee_rule, fx_rate, limit, tier

T = TypeVar("T")
_SPENT = text("SELECT owner_id, currency, day, day_total, month, month_total FROM spending WHERE owner_id = :owner")
_SERVICE: Final = Actor.service("test")
_ABSENT: Final = UUID(int=7)
# The possible payees of a request, by the name that is drawn.
PAYEES: Final = ("plain", "plain", "other", "merchant", "dollars", "frozen", "closed", "blocked", "bounded", "own", "absent")
# The possible payees of a line; other payees refuse the whole file.
LINE_PAYEES: Final = ("plain", "other", "merchant", "blocked", "bounded", "own", "plain", "other", "merchant")
AMOUNTS: Final = ("0.01", "10.00", "99.50", "250.00", "400.00", "700.00", "2100.00", "5100.00")


@dataclass(frozen=True)
class Terms:
    """The bank's prices, limits and approval rules, and the payer's funds."""

    funds: str
    fee: str
    has_rate: bool
    single_max: str | None
    day_max: str | None
    approval_from: str | None
    has_window: bool
    is_away: bool


@dataclass(frozen=True)
class Leg:
    payee: str
    amount: str
    is_later: bool = False
    is_converted: bool = False


@dataclass(frozen=True)
class Asked:
    """`way` is a path of the API, or a mode of bulk transfers."""

    way: str
    source: str
    legs: tuple[Leg, ...]
    signature: str | None
    is_strong: bool


amounts = st.sampled_from(AMOUNTS)
terms = st.builds(
    Terms,
    funds=st.sampled_from(["150.00", "1000.00", "9000.00"]),
    fee=st.sampled_from(["0", "1.25"]),
    has_rate=st.booleans(),
    single_max=st.sampled_from([None, None, "300.00"]),
    day_max=st.sampled_from([None, "500.00", "2500.00"]),
    approval_from=st.sampled_from([None, "250.00", "600.00"]),
    has_window=st.booleans(),
    is_away=st.sampled_from([False] * 9 + [True]),
)
legs = st.one_of(
    st.builds(Leg, payee=st.sampled_from(PAYEES), amount=st.sampled_from(AMOUNTS), is_later=st.booleans()),
    st.builds(Leg, payee=st.sampled_from(["dollars", "dollars", "plain"]), amount=amounts, is_converted=st.just(True)),
)
usual_legs = st.builds(Leg, payee=st.sampled_from(["plain", "other", "merchant"]), amount=st.sampled_from(AMOUNTS[:5]))
lines = st.builds(Leg, payee=st.sampled_from(LINE_PAYEES), amount=st.sampled_from(AMOUNTS[:6]))
sources = st.sampled_from(["payer"] * 12 + ["stranger", "frozen_own", "absent"])
proofs: Any = {
    "signature": st.sampled_from([None, None, None, GOOD_SIGNATURE, "b" * 86]),
    "is_strong": st.sampled_from([True, True, False]),
}
one_leg = st.tuples(st.one_of(usual_legs, usual_legs, legs))


def asked(ways: list[str], of: st.SearchStrategy[tuple[Leg, ...]]) -> st.SearchStrategy[Asked]:
    return st.builds(Asked, way=st.sampled_from(ways), source=sources, legs=of, **proofs)


requests = st.one_of(
    asked(["/transfers"], one_leg),
    asked(["/transfers", "/payments"], one_leg),
    asked(["/transfers/linked"], st.lists(st.one_of(usual_legs, usual_legs, legs), min_size=2, max_size=5).map(tuple)),
    asked(["best_effort", "all_or_nothing"], st.lists(lines | usual_legs, min_size=1, max_size=8).map(tuple)),
)


async def payees(bank: Bank) -> Mapping[str, Holder]:
    """Open the payees of all examples. They do not depend on earlier payments."""
    people = {name: await bank.holder() for name in ("plain", "other", "frozen", "closed", "blocked")}
    people |= {"merchant": await bank.merchant(), "dollars": await bank.holder(currency="USD")}
    people["stranger"] = await bank.holder("500.00")
    frozen, closed = people["frozen"], people["closed"]
    wallets = bank.payments.wallets
    await wallets.freeze_wallet(actor=_SERVICE, wallet_id=frozen.wallet_id, reason="suspicion")
    closing = Actor(kind=ActorKind.USER, subject_id=str(closed.user_id))
    await wallets.close_wallet(actor=closing, wallet_id=closed.wallet_id)
    bank.screening.blocked = {people["blocked"].wallet_id}
    return people


PLAIN: Final = Terms(
    funds="9000.00",
    fee="1.25",
    has_rate=True,
    single_max=None,
    day_max="2500.00",
    approval_from=None,
    has_window=False,
    is_away=False,
)


def _strong(way: str, *of: Leg) -> Asked:
    return Asked(way=way, source="payer", legs=of, signature=None, is_strong=True)


EVERY_WAY: Final = [
    _strong("/transfers", Leg("plain", "99.50")),
    _strong("/transfers", Leg("merchant", "99.50")),
    _strong("/transfers", Leg("plain", "10.00", is_later=True)),
    _strong("/transfers", Leg("dollars", "10.00", is_converted=True)),
    _strong("/payments", Leg("merchant", "250.00")),
    _strong("/transfers", Leg("plain", "250.00")),
    _strong("/transfers/linked", Leg("plain", "10.00"), Leg("merchant", "10.00")),
    _strong("best_effort", Leg("plain", "10.00"), Leg("blocked", "10.00"), Leg("bounded", "99.50"), Leg("merchant", "0.01")),
    _strong("all_or_nothing", Leg("plain", "10.00"), Leg("bounded", "99.50"), Leg("other", "0.01")),
    _strong("all_or_nothing", Leg("plain", "10.00"), Leg("merchant", "10.00")),
]


@dataclass
class Scene:
    """The people of one example, at the bank of all examples."""

    bank: Bank
    people: Mapping[str, Holder]
    terms: Terms
    number: int
    # The outcomes of all examples.
    seen: Counter[str]
    payer: Holder = field(default_factory=Holder)
    wallets: dict[str, UUID] = field(default_factory=dict)

    async def open(self) -> "Scene":
        bank, agreed = self.bank, self.terms
        bank.prices.book, bank.prices.limit_book, bank.prices.rules = PriceBook(), LimitBook(), ApprovalRules()
        self.payer = await bank.holder(agreed.funds)
        own, frozen_own = replace(self.payer, wallet_id=self._id("own")), replace(self.payer, wallet_id=self._id("frozen own"))
        for holder in (own, frozen_own):
            await bank.payments.wallets.open_issued_wallet(
                actor=_SERVICE, wallet_id=holder.wallet_id, owner_id=self.payer.user_id, currency="NAD"
            )
        mine = {"payer": self.payer, "own": own, "frozen_own": frozen_own, "bounded": await bank.holder()}
        self.wallets = {name: holder.wallet_id for name, holder in {**self.people, **mine}.items()} | {"absent": _ABSENT}
        await bank.payments.wallets.freeze_wallet(actor=_SERVICE, wallet_id=self.wallets["frozen_own"], reason="suspicion")
        small: dict[str, Any] = {"ceiling": Decimal(50), "version": 0, "reason": "small wallet"}
        await bank.payments.wallets.set_ceiling(actor=_SERVICE, wallet_id=self.wallets["bounded"], **small)
        self._set_terms()
        return self

    def _set_terms(self) -> None:
        bank, agreed = self.bank, self.terms
        rules = [fee_rule(tier(flat=agreed.fee), kind=kind, code=kind) for kind in ("transfer", "payment", "conversion")]
        bank.prices.book = PriceBook(rules if Decimal(agreed.fee) else [], [fx_rate()] if agreed.has_rate else [])
        if agreed.single_max or agreed.day_max:
            bank.prices.limit_book = LimitBook([limit(single_max=agreed.single_max, day_max=agreed.day_max)])
        if agreed.approval_from:
            window = timedelta(days=1) if agreed.has_window else None
            large = ApprovalRule(name="large", currency="NAD", threshold=Decimal(agreed.approval_from), window=window)
            bank.prices.rules = ApprovalRules.of([large], lambda _question: True)

    def _id(self, name: str) -> UUID:
        return uuid5(_ABSENT, f"{self.number}/{name}")

    async def compare(self, number: int, request: Asked) -> None:
        """Compare a dry run of the request with the request."""
        key = f"{self.number}-{number}"
        self.bank.screening.away = self.terms.is_away and number == 0
        async with unchanged(self.bank.database):
            dry = await self._send(request, key, dry_run=True)
        limits_before = await self._limits()
        real = await self._send(request, key, dry_run=False)
        self.seen[f"{request.way} {real.json().get('code', '')}"] += 1
        if dry.status_code != 200:
            # An invalid request: both give the same error.
            assert (dry.status_code, _error(dry)) == (real.status_code, _error(real))
            return
        predicted = dry.json()["data"]
        if real.is_success:
            assert predicted["refusals"] == []
            if "lines_total" in predicted:
                await self._compare_file(predicted, real.json()["data"])
            else:
                await self._compare_transfers(predicted, real.json()["data"])
        else:
            assert predicted["outcome"] == "refused"
            first = predicted["refusals"][0]
            assert {name: first[name] for name in ("code", "error", "details")} == _refusal(real)
            assert _field(real) in {None, first["field"]}
            if "limits_left" in predicted and not predicted["transfers"]:
                assert predicted["limits_left"] in ([], limits_before)
        again = (await self._send(request, key, dry_run=True)).json()["data"]
        assert again["outcome"] == ("replayed" if real.is_success else "refused")

    async def _compare_transfers(self, predicted: Mapping[str, Any], done: Mapping[str, Any]) -> None:
        made = done.get("items", [done])
        assert predicted["outcome"] == "made"
        assert [one["total"] for one in predicted["transfers"]] == [
            f"{Decimal(one['amount']) + Decimal(one['fee_total'])}" for one in made
        ]
        assert [{name: one[name] for name in one if name != "total"} for one in predicted["transfers"]] == [
            {name: one[name] for name in predicted["transfers"][0] if name != "total"} for one in made
        ]
        statuses = {one["status"] for one in made}
        assert bool(predicted["needs"]["approval_rules"]) == (statuses == {"pending_approval"})
        assert predicted["screening"] == "clear"
        assert predicted["limits_left"] == await self._limits()
        self.seen.update(f"{one['kind']} {one['status']}" for one in made)

    async def _compare_file(self, predicted: Mapping[str, Any], accepted: Mapping[str, Any]) -> None:
        assert predicted["outcome"] == "accepted"
        names = ("status", "source_wallet_id", "currency", "mode", "lines_total", "amount_total")
        assert {name: predicted[name] for name in names} == {name: accepted[name] for name in names}
        assert predicted["needs"]["approval_rules"] == accepted["approval_rules"]
        if self.bank.screening.away:
            assert predicted["run"] is None
            return
        path = f"/transfers/bulk/{accepted['id']}"
        if accepted["status"] == "pending_approval":
            assert (await self.bank.staff("POST", f"{path}/approve")).status_code == 200
        before = await self._balance()
        await self.bank.run_bulk(accepted["id"])
        ended = (await self.bank.get(path, self.payer.user_id)).json()["data"]
        counts = ("status", "settled", "refused", "not_run")
        assert {name: predicted["run"][name] for name in counts} == {name: ended[name] for name in counts}
        refused = (await self.bank.get(f"{path}/lines?status=refused", self.payer.user_id)).json()["data"]["items"]
        assert predicted["run"]["refused_lines"] == [
            {name: line[name] for name in predicted["run"]["refused_lines"][0]} for line in refused
        ]
        assert predicted["run"]["limits_left"] == await self._limits()
        if ended["status"] == "completed":
            assert before - await self._balance() == Decimal(predicted["total"])
        self.seen[f"{accepted['mode']} {accepted['status']} {ended['status']}"] += 1

    async def _send(self, request: Asked, key: str, *, dry_run: bool) -> httpx.Response:
        methods = STRONG if request.is_strong else ("pwd",)
        if not request.way.startswith("/"):
            return await self._submit(request, key, methods, dry_run=dry_run)
        bodies = [self._body(request, leg) for leg in request.legs]
        body: dict[str, Any] = {"legs": bodies} if request.way.endswith("linked") else bodies[0]
        if request.way == "/payments":
            body["reference"] = "INV-1"
        if request.signature:
            body["signature"] = {"key_id": str(_ABSENT), "algorithm": "Ed25519", "value": request.signature}
        if dry_run:
            body["dry_run"] = True
        return await self.bank.post(request.way, self.payer.user_id, body, key=key, methods=methods)

    def _body(self, request: Asked, leg: Leg) -> dict[str, Any]:
        body = {
            "source_wallet_id": str(self.wallets[request.source]),
            "target_wallet_id": str(self.wallets[leg.payee]),
            "amount": leg.amount,
            "currency": "NAD",
            "capture": "later" if leg.is_later else "now",
        }
        return body | ({"target_currency": "USD"} if leg.is_converted else {})

    async def _submit(self, request: Asked, key: str, methods: tuple[str, ...], *, dry_run: bool) -> httpx.Response:
        content = {
            "source_wallet_id": str(self.wallets[request.source]),
            "currency": "NAD",
            "mode": request.way,
            "lines": [{"target_wallet_id": str(self.wallets[leg.payee]), "amount": leg.amount} for leg in request.legs],
        }
        headers = {
            "Authorization": f"Bearer {self.bank.token(self.payer.user_id, methods=methods)}",
            "Idempotency-Key": key,
            "Content-Type": "application/json",
        }
        return await self.bank.client.post(
            "/api/v1/transfers/bulk",
            content=json.dumps(content),
            headers=headers,
            params={"dry_run": "true"} if dry_run else {},
        )

    async def _limits(self) -> list[dict[str, Any]]:
        async with self.bank.database.read() as connection:
            rows = (await connection.execute(_SPENT, {"owner": self.payer.user_id})).all()
        limits = self.bank.prices.limit_book.of("standard")
        left = []
        for row in rows:
            allowance = limits.allowance(Spending(**row._mapping), self.bank.clock.now())
            texts = [
                None if one is None else amount_text(one, row.currency) for one in (allowance.day_left, allowance.month_left)
            ]
            left.append({"currency": row.currency, "day": texts[0], "month": texts[1]})
        return left

    async def _balance(self) -> Decimal:
        return Decimal((await self.bank.wallet(self.payer))[0])


def _error(answer: httpx.Response) -> Any:
    body = answer.json()
    return {name: body.get(name) for name in ("code", "error", "errors", "details")}


def _refusal(answer: httpx.Response) -> dict[str, Any]:
    body = answer.json()
    error = body["errors"][0]["message"] if "errors" in body else body["error"]
    return {"code": body["code"], "error": error, "details": body.get("details") or {}}


def _field(answer: httpx.Response) -> str | None:
    errors = answer.json().get("errors")
    field_: str | None = errors[0]["field"] if errors else None
    return field_


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def test_a_dry_run_predicts_the_real_run_and_writes_nothing(runner: asyncio.Runner, databases: Databases) -> None:
    stack, seen = AsyncExitStack(), Counter[str]()

    def run(work: Awaitable[T]) -> T:
        async def wrapped() -> T:
            return await work

        return runner.run(wrapped())

    async def start() -> tuple[Bank, Mapping[str, Holder]]:
        urls = await stack.enter_async_context(databases.create("payments", VERSIONS))
        database = Database.connect(urls.app, pool_size=5)
        stack.push_async_callback(database.close)
        bank = await stack.enter_async_context(open_bank(database, ControlledClock()))
        # The rows are compared here, around each dry run.
        bank.client.event_hooks = {}
        return bank, await payees(bank)

    bank, people = run(start())
    numbers = iter(range(10_000))

    # Examples are short as drawn; shrinking them would take minutes.
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
    @example(agreed=PLAIN, asks=EVERY_WAY)
    @example(agreed=replace(PLAIN, approval_from="250.00", has_window=True), asks=EVERY_WAY)
    @given(agreed=terms, asks=st.lists(requests, min_size=2, max_size=4))
    def compare(agreed: Terms, asks: list[Asked]) -> None:
        bank.screening.away = False
        scene = run(Scene(bank, people, agreed, next(numbers), seen).open())
        for number, request in enumerate(asks):
            run(scene.compare(number, request))

    try:
        compare()
    finally:
        run(stack.aclose())
    # Errors alone would prove little.
    kinds = {"transfer completed", "transfer pending", "transfer pending_approval", "payment completed", "conversion completed"}
    assert {"/transfers ", "/payments ", "/transfers/linked ", "best_effort ", "all_or_nothing ", *kinds} <= set(seen)
