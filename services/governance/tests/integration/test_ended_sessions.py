"""The `serve` process without a gateway refuses tokens of ended sessions."""

import pytest

from chassis.testing.databases import DatabaseUrls
from chassis.testing.sessions import check_that_ended_sessions_are_refused
from governance.bootstrap import serving
from governance.settings import GovernanceSettings


async def test_ended_sessions_are_refused_by_the_service_itself(
    urls: DatabaseUrls, broker_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = GovernanceSettings(database_url=urls.app, rabbitmq_url=broker_url, redis_url=redis_url)
    await check_that_ended_sessions_are_refused(
        serving(settings), "/api/v1/roles", monkeypatch=monkeypatch, broker_url=broker_url, redis_url=redis_url
    )
