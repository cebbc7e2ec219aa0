"""The `serve` process, asked with no gateway before it: tokens of sessions that have ended are refused."""

import pytest

from chassis.testing.databases import DatabaseUrls
from chassis.testing.sessions import check_that_ended_sessions_are_refused
from payments.bootstrap import serving
from payments.settings import PaymentsSettings


async def test_ended_sessions_are_refused_by_the_service_itself(
    database_urls: DatabaseUrls, broker_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = PaymentsSettings(database_url=database_urls.app, rabbitmq_url=broker_url, redis_url=redis_url)
    await check_that_ended_sessions_are_refused(
        serving(settings), "/api/v1/wallets", monkeypatch=monkeypatch, broker_url=broker_url, redis_url=redis_url
    )
