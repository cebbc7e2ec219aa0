"""The whole `serve` process: a price set by another process applies here as soon as its event arrives."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chassis.messaging.relay import Relay
from chassis.persistence.database import Database
from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import endpoint, eventually, through
from kernel.actor import Actor
from kernel.clock import SystemClock
from kernel.errors import Unavailable
from kernel.money import Money
from payments.application import Payments
from payments.application.fees.set_fee_rule import SetFeeRule
from payments.application.versions import RequestedPeriod
from payments.bootstrap import serving, working
from payments.domain.fee_rule import FeeRule
from payments.domain.validity import Validity
from payments.infrastructure.cached_prices import CachedPrices
from payments.interfaces.publications import PUBLICATIONS
from payments.settings import PaymentsSettings
from payments.wiring.dependencies import pricing_unit_of_work
from services.payments.tests.unit.prices import fee_rule, tier


def dollar(rule_id: UUID, validity: Validity) -> FeeRule:
    return fee_rule(tier(flat="1"), id=rule_id, validity=validity)


def fee(payments: Payments) -> str:
    try:
        book = payments.fees.quote_order.prices.current()
    except Unavailable:
        return "unknown"
    return book.quote(kind="transfer", amount=Money.of("10", "NAD"), at=SystemClock().now()).fee_total.text


async def test_the_worker_is_ready_while_its_database_answers(
    database_urls: DatabaseUrls, broker_url: str, fault_proxy: Callable[[str, int], Any]
) -> None:
    proxy = await fault_proxy(*endpoint(database_urls.app))
    settings = PaymentsSettings(database_url=through(database_urls.app, proxy.port), rabbitmq_url=broker_url)
    async with working(settings) as parts:
        report = await parts.readiness.report()
        assert (report.ready, report.checks["database"]) == (True, None)
        proxy.refuse()
        assert (await parts.readiness.report()).status == 503


async def test_the_settings_limit_the_number_of_waiting_orders(database_urls: DatabaseUrls, broker_url: str) -> None:
    settings = PaymentsSettings(database_url=database_urls.app, rabbitmq_url=broker_url, batch_max=3, waiting_max=5)
    async with serving(settings) as parts:
        app = parts.rest.state.application
        transfers, payments, issuances = app.transfers, app.payments, app.issuances
        for use_case in (transfers.transfer_tokens, transfers.transfer_linked, payments.make_payment, issuances.issue_money):
            assert (use_case.cashier._batch_max, use_case.cashier._waiting_max) == (3, 5)
            # One cashier for all: waiting orders share one queue.
            assert use_case.cashier is transfers.transfer_tokens.cashier


async def test_a_price_set_elsewhere_applies_here_within_moments(
    database: Database, database_urls: DatabaseUrls, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine, the event did it: without events, prices are not fetched again within this test.
    monkeypatch.setattr(CachedPrices.__init__, "__kwdefaults__", {"interval_seconds": 3600, "staleness_seconds_max": 300})
    stop = asyncio.Event()
    elsewhere = SetFeeRule(uow=pricing_unit_of_work(database), clock=SystemClock())
    settings = PaymentsSettings(database_url=database_urls.app, rabbitmq_url=broker_url)
    relay = Relay(database_urls.relay, broker_url, PUBLICATIONS)
    async with serving(settings) as parts:
        payments: Payments = parts.rest.state.application
        assert fee(payments) == "unknown"
        report = await parts.readiness.report()
        assert not report.ready
        assert {"database", "prices"} <= report.checks.keys()
        assert report.checks["prices"] is not None
        running = [asyncio.ensure_future(run(stop)) for run in (relay.run, *parts.background)]
        try:
            await eventually(lambda: fee(payments), "0.00")
            checks = await parts.readiness.check()
            assert (checks["database"], checks["prices"]) == (None, None)

            async def problem_of_broker() -> str | None:
                return (await parts.readiness.check())["broker"]

            await eventually(problem_of_broker, None)
            actor = Actor.service("test")
            await elsewhere(actor=actor, draft=dollar, period=RequestedPeriod(since=None, until=None), reason="test")
            await eventually(lambda: fee(payments), "1.00")
        finally:
            stop.set()
            await asyncio.gather(*running)
