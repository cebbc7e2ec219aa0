"""When mails of notices are sent: quiet hours and digests in Namibian time, by a clock that travels over days."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from chassis.testing.clocks import ControlledClock
from kernel.notices import Recipient, Urgency
from services.identity.tests.contract.api import Api, own_id
from services.identity.tests.contract.notice_steps import REFUSED, NoticeSteps

QUIET = {"start": "21:00", "end": "06:30"}


@pytest.fixture
async def token(api: Api) -> str:
    return await api.signed_in()


@pytest.fixture
async def person(api: Api, token: str) -> Recipient:
    return Recipient.person(UUID(await own_id(api, token)))


async def prefer(api: Api, token: str, **wanted: Any) -> None:
    put = await api.client.put("/api/v1/notices/preferences", json=wanted, headers={"Authorization": f"Bearer {token}"})
    assert put.status_code == 200, put.text


def travel(clock: ControlledClock, namibian: str) -> None:
    """Let time pass until a time in Namibia, which is UTC+2."""
    until = datetime.fromisoformat(f"{namibian}+02:00")
    assert until >= clock.now()
    clock.advance(seconds=(until - clock.now()).total_seconds())
    assert clock.now() == until.astimezone(UTC)


async def subjects(steps: NoticeSteps) -> list[str]:
    return [letter.subject.removeprefix("Elcorp: ") for letter in await steps.letters()]


async def test_mail_waits_for_the_end_of_quiet_hours_over_midnight(
    api: Api, token: str, person: Recipient, notice_steps: NoticeSteps, clock: ControlledClock
) -> None:
    await prefer(api, token, quiet_hours=QUIET)
    travel(clock, "2026-03-21T20:59:59")
    await notice_steps.notify(person, key="before")
    assert len(await subjects(notice_steps)) == 1
    travel(clock, "2026-03-21T21:00:00")
    await notice_steps.notify(person, key="at night")
    await notice_steps.notify(person, key="urgent", urgency=Urgency.URGENT)
    assert len(await subjects(notice_steps)) == 2
    travel(clock, "2026-03-22T06:29:59")
    assert await notice_steps.send_due() == 0
    travel(clock, "2026-03-22T06:30:00")
    assert [await notice_steps.send_due(), await notice_steps.send_due()] == [1, 0]
    assert await subjects(notice_steps) == ["A planned transfer was not made"] * 3


async def test_several_notices_of_a_night_are_one_mail_without_those_that_were_read(
    api: Api, token: str, person: Recipient, notice_steps: NoticeSteps, clock: ControlledClock
) -> None:
    # 10:00 in Namibia is quiet here, so that the token lasts.
    await prefer(api, token, quiet_hours={"start": "09:00", "end": "10:10"})
    for key in ("one", "two", "three"):
        await notice_steps.notify(person, key=key)
    (newest, *_) = (await api.get(f"/notices?template={REFUSED}", token=token)).json()["data"]["items"]
    await api.post(f"/notices/{newest['id']}/read", token=token)
    travel(clock, "2026-03-21T10:10:00")
    assert await notice_steps.send_due() == 1
    (letter,) = await notice_steps.letters()
    assert letter.subject == "Elcorp: 2 notices for you"
    assert letter.text.startswith("These notices wait for you in Elcorp:\n\n- A planned transfer was not made\n  Your planned")
    assert letter.text.count("- A planned transfer") == 2


async def test_a_night_that_was_read_sends_nothing(
    api: Api, token: str, person: Recipient, notice_steps: NoticeSteps, clock: ControlledClock
) -> None:
    await prefer(api, token, quiet_hours={"start": "09:00", "end": "10:10"})
    await notice_steps.notify(person)
    (notice,) = (await api.get(f"/notices?template={REFUSED}", token=token)).json()["data"]["items"]
    await api.post("/notices/read", {"until_id": notice["id"]}, token=token)
    travel(clock, "2026-03-21T10:10:00")
    assert [await notice_steps.send_due(), await notice_steps.send_due()] == [0, 0]
    assert await subjects(notice_steps) == []


async def test_digests_are_daily_or_weekly_at_an_hour(
    api: Api, token: str, person: Recipient, notice_steps: NoticeSteps, clock: ControlledClock
) -> None:
    """21 March 2026 is a Saturday."""
    await notice_steps.notify(person, key="saturday", urgency=Urgency.DIGEST)
    await prefer(api, token, digest={"frequency": "weekly", "hour": 9, "weekday": "monday"})
    await notice_steps.notify(person, key="weekly", urgency=Urgency.DIGEST)
    travel(clock, "2026-03-22T06:59:59")
    assert await notice_steps.send_due() == 0
    # The first waits for the daily digest that was chosen when it was made.
    travel(clock, "2026-03-22T07:00:00")
    assert await notice_steps.send_due() == 1
    travel(clock, "2026-03-23T08:59:59")
    assert await notice_steps.send_due() == 0
    travel(clock, "2026-03-23T09:00:00")
    for key in ("next week", "next week, too"):
        await notice_steps.notify(person, key=key, urgency=Urgency.DIGEST)
    assert await notice_steps.send_due() == 1
    for day in range(24, 30):
        travel(clock, f"2026-03-{day}T09:00:00")
        assert await notice_steps.send_due() == 0
    travel(clock, "2026-03-30T09:00:00")
    assert await notice_steps.send_due() == 1
    assert await subjects(notice_steps) == [
        "A planned transfer was not made",
        "A planned transfer was not made",
        "2 notices for you",
    ]


async def test_mail_that_was_switched_off_meanwhile_is_not_sent(
    api: Api, token: str, person: Recipient, notice_steps: NoticeSteps, clock: ControlledClock
) -> None:
    await notice_steps.notify(person, urgency=Urgency.DIGEST)
    await prefer(api, token, channels={"payments": ["in_app"]})
    clock.advance(days=1)
    assert await notice_steps.send_due() == 0
    assert await subjects(notice_steps) == []
