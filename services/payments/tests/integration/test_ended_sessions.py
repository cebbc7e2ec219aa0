"""The `serve` process without a gateway refuses the tokens of ended sessions."""

import pytest

from chassis.testing.databases import DatabaseUrls
from chassis.testing.sessions import check_that_ended_sessions_are_refused
from payments.bootstrap import serving
from payments.settings import PaymentsSettings


async def test_the_service_itself_refuses_ended_sessions(
    database_urls: DatabaseUrls, broker_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = PaymentsSettings(database_url=database_urls.app, rabbitmq_url=broker_url, redis_url=redis_url)
    await check_that_ended_sessions_are_refused(
        serving(settings), "/api/v1/wallets", monkeypatch=monkeypatch, broker_url=broker_url, redis_url=redis_url
    )
