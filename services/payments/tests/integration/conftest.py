import pytest

from chassis.persistence.database import Database
from services.payments.tests.integration.bulk_bank import BulkBank


@pytest.fixture
async def bulk_bank(database: Database, monkeypatch: pytest.MonkeyPatch) -> BulkBank:
    return await BulkBank(database, monkeypatch).open()
