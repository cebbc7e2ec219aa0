"""The `serve` process without a gateway refuses tokens of ended sessions."""

import base64

import pytest

from chassis.testing.databases import DatabaseUrls
from chassis.testing.sessions import check_that_ended_sessions_are_refused
from compliance.bootstrap import serving
from compliance.settings import ComplianceSettings


async def test_ended_sessions_are_refused_by_the_service_itself(
    urls: DatabaseUrls, broker_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    master_key = base64.b64encode(bytes(32)).decode()
    settings = ComplianceSettings(database_url=urls.app, rabbitmq_url=broker_url, redis_url=redis_url, master_key=master_key)
    await check_that_ended_sessions_are_refused(
        serving(settings), "/api/v1/audit/entries", monkeypatch=monkeypatch, broker_url=broker_url, redis_url=redis_url
    )
