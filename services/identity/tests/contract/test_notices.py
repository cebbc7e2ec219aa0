"""Notices: what people read in the app and in their mail, after another service requested it."""

from uuid import UUID

import pytest

from kernel.notices import Recipient
from services.identity.tests.contract.api import DETAILS, Api, own_id
from services.identity.tests.contract.notice_steps import REFUSED, NoticeSteps

TEXT = "Your planned transfer of 250.00 NAD, due on 2026-03-21, was not made. Reason: Insufficient funds."


@pytest.fixture
async def token(api: Api) -> str:
    return await api.signed_in()


@pytest.fixture
async def person(api: Api, token: str) -> Recipient:
    return Recipient.person(UUID(await own_id(api, token)))


async def test_a_requested_notice_is_listed_and_mailed(
    api: Api, token: str, person: Recipient, notice_steps: NoticeSteps
) -> None:
    await notice_steps.notify(person)
    page = (await api.get(f"/notices?template={REFUSED}", token=token)).json()["data"]
    ((notice,), cursor) = page["items"], page["next_cursor"]
    assert cursor is None
    assert (notice["template"], notice["group"], notice["title"], notice["text"], notice["link"], notice["read_at"]) == (
        REFUSED,
        "payments",
        "A planned transfer was not made",
        TEXT,
        f"/transfers/schedules/{UUID(int=7)}",
        None,
    )
    (letter,) = await notice_steps.letters()
    assert (letter.to, letter.subject) == (DETAILS["email"], "Elcorp: A planned transfer was not made")
    assert letter.text == f"{TEXT}\n\nElcorp Namibia\n"
