"""The table of approval rules: what the previous release can still write, and what is never accepted."""

import psycopg
import pytest

from chassis.persistence.database import Database
from chassis.testing.databases import DatabaseUrls
from governance.domain.window import Window
from governance.infrastructure.sql.approval_rules import SqlApprovalRuleViews
from services.governance.tests.stored import rows

PREVIOUS_INSERT = """
    INSERT INTO approval_rules
        (name, currency, threshold, kinds, role, counterparty, description, version, is_withdrawn)
    VALUES ('large', 'NAD', 100, '{payment}', 'user', NULL, 'Large ones', 1, false)
"""
PREVIOUS_UPDATE = "UPDATE approval_rules SET is_withdrawn = true, version = 2 WHERE name = 'large'"


async def test_the_previous_release_still_writes_rules_without_a_window(database: Database, urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(urls.app, autocommit=True) as connection:
        await connection.execute(PREVIOUS_INSERT)
    rule = await SqlApprovalRuleViews(database).approval_rule("large")
    assert rule
    assert (rule.kinds, rule.role, rule.window, rule.description, rule.version) == (("payment",), "user", None, "Large ones", 1)


async def test_a_window_survives_a_change_by_the_previous_release(database: Database, urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(urls.app, autocommit=True) as connection:
        await connection.execute(PREVIOUS_INSERT)
        await connection.execute("UPDATE approval_rules SET window_hours = 24")
        await connection.execute(PREVIOUS_UPDATE)
    rule = await SqlApprovalRuleViews(database).approval_rule("large")
    assert rule
    assert (rule.window, rule.version, rule.is_withdrawn) == (Window(24), 2, True)


@pytest.mark.parametrize("hours", [-1, 0, 745])
async def test_no_window_out_of_bounds_can_be_stored(database: Database, urls: DatabaseUrls, hours: int) -> None:
    async with await psycopg.AsyncConnection.connect(urls.app, autocommit=True) as connection:
        await connection.execute(PREVIOUS_INSERT)
        with pytest.raises(psycopg.errors.CheckViolation):
            await connection.execute("UPDATE approval_rules SET window_hours = %s", (hours,))
    assert await rows(database, "SELECT window_hours FROM approval_rules") == [(None,)]
