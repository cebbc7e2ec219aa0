"""Links of mails, followed to the end: the mail, the gateway's page, what its script sends, and the sign-in after it."""

from typing import Any

import httpx
import pytest
from journey import Api, Journey, Person, StepFailed, until
from web_page import LinkForm, follow

from elcorp_local.platform import Platform

pytestmark = pytest.mark.e2e
NEW_PASSWORD = "Etosha-Evening-Rain-58!"
REFUSED = 422


@pytest.fixture
async def person(api: Api, admin: Person) -> Person:
    journey, person = Journey(api, admin, print), Person("Linked")
    await journey.register(person)
    await journey.sign_in(person)
    return person


async def mail(api: Api, recipient: str, template: str) -> dict[str, Any]:
    """Wait for the newest mail of a kind."""
    found: list[dict[str, Any]] = []

    async def arrived() -> bool:
        nonlocal found
        items = (await api.data("GET", f"/dev/mailbox?recipient={recipient}"))["items"]
        found = [item for item in items if item["template"] == template]
        return bool(found)

    await until(arrived, f"{template} to reach {recipient}")
    return found[0]


def link_of(platform: Platform, message: dict[str, Any]) -> str:
    """Return the link as the reader sees it: on its own line of the text, and pointing to the gateway."""
    (link,) = [word for word in message["text"].split() if "://" in word]
    assert link.startswith(f"{platform.url}/")
    return str(link)


async def submit(client: httpx.AsyncClient, form: LinkForm, **typed: str) -> tuple[int, Any]:
    response = await client.request(form.method, form.operation, json=form.content(**typed))
    return response.status_code, response.json()


async def test_a_reset_link_leads_to_a_new_password(
    platform: Platform, client: httpx.AsyncClient, api: Api, admin: Person, person: Person
) -> None:
    await api.data("POST", "/auth/password-reset", expect=202, email=person.email)
    form = await follow(client, link_of(platform, await mail(api, person.email, "password_reset")))
    status, refused = await submit(client, form, password="short")
    # The page uses the field's name to place the error message.
    assert (status, {error["field"] for error in refused["errors"]}) == (REFUSED, {"password"})
    status, answer = await submit(client, form, password=NEW_PASSWORD)
    assert status == httpx.codes.OK, answer
    former, person.password = person.password, NEW_PASSWORD
    await Journey(api, admin, print).sign_in(person)
    assert (await api.data("GET", "/users/me", by=person))["email"] == person.email
    await api.call("POST", "/auth/login", expect=401, email=person.email, password=former, device_id=person.device_id)
    # The link works once; the page shows this sentence.
    status, spent = await submit(client, form, password="Another-Evening-59!")
    assert (status >= httpx.codes.BAD_REQUEST, bool(spent.get("error") or spent.get("errors"))) == (True, True)


async def test_the_link_about_a_changed_address_restores_the_former_one(
    platform: Platform, client: httpx.AsyncClient, api: Api, admin: Person, person: Person
) -> None:
    former, other = person.email, f"other.{person.email}"
    pending = await api.data("POST", "/users/me/email", by=person, expect=202, email=other)
    code = (await mail(api, other, "verify_email"))["facts"]["code"]
    await api.data("POST", "/auth/verify-email", by=person, verification_id=pending["verification_id"], code=code)
    form = await follow(client, link_of(platform, await mail(api, former, "email_changed")))
    status, answer = await submit(client, form, password=person.password)
    assert status == httpx.codes.OK, answer
    # As the page says: every device is signed out and the password is retired, so a reset at the former address comes next.
    with pytest.raises(StepFailed, match="401"):
        await Journey(api, admin, print).sign_in(person)
    await api.data("POST", "/auth/password-reset", expect=202, email=former)
    reset = await follow(client, link_of(platform, await mail(api, former, "password_reset")))
    status, answer = await submit(client, reset, password=NEW_PASSWORD)
    assert status == httpx.codes.OK, answer
    person.password = NEW_PASSWORD
    await Journey(api, admin, print).sign_in(person)
    assert (await api.data("GET", "/users/me", by=person))["email"] == former
