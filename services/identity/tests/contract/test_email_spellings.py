"""One mailbox in every spelling, and never another one: registration, sign-in, reset, change, creation and search."""

from typing import Any

import httpx
import pytest

from chassis.persistence.database import Database
from identity.application import Identity
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.mailbox import mail
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

SHARP, DOUBLE = "karl@straße.example.na", "karl@strasse.example.na"
UNICODE, A_LABELS = "u@bücher.example.na", "u@xn--bcher-kva.example.na"
ALIKE = [(UNICODE, A_LABELS), (A_LABELS, UNICODE), ("Anna.Ou@Example.NA", "aNNA.oU@eXAMPLE.na")]
alike = pytest.mark.parametrize(("given_as", "spelt"), ALIKE, ids=ascii)
NUMBER = "+264811234569"


async def written(identity: Identity, database: Database) -> list[tuple[str, str]]:
    return [(each.template.value, each.to) for each in await mail(database)]


async def email_of(api: Api, token: str) -> Any:
    return (await api.get("/users/me", token=token)).json()["data"]["email"]


def token_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["access_token"])


@alike
async def test_either_spelling_signs_in_and_the_address_is_shown_as_given(api: Api, given_as: str, spelt: str) -> None:
    assert (await api.register(email=given_as)).status_code == 200
    for email in (given_as, spelt):
        assert await email_of(api, token_of(await api.login(email=email))) == given_as


@alike
async def test_registration_and_reset_find_the_user_by_either_spelling(
    api: Api, identity: Identity, database: Database, given_as: str, spelt: str
) -> None:
    await api.register(email=given_as)
    await api.request_registration(email=spelt, phone=NUMBER)
    await api.post("/auth/password-reset", {"email": spelt})
    assert (await written(identity, database))[1:] == [("already_registered", given_as), ("password_reset", given_as)]


@alike
async def test_staff_find_the_user_by_either_spelling_and_cannot_give_it_to_another(
    api: Api, fakes: Fakes, given_as: str, spelt: str
) -> None:
    user_id = (await api.register(email=given_as)).json()["data"]["id"]
    admin = await signed_in_as(api, fakes, "admin")
    found = (
        await api.client.get(
            "/api/v1/users", params={"email": spelt, "reason": "Asked by telephone"}, headers={"Authorization": f"Bearer {admin}"}
        )
    ).json()
    assert [(item["id"], item["email"]) for item in found["data"]["items"]] == [(user_id, given_as)]
    twin = await api.post("/users", {"full_name": "Anna Ou", "email": spelt}, token=admin)
    assert (twin.status_code, twin.json()["code"]) == (409, "RES_002")


@alike
async def test_either_spelling_is_taken_if_another_user_changes_to_it(
    api: Api, identity: Identity, database: Database, given_as: str, spelt: str
) -> None:
    await api.register(email=given_as)
    token = await api.signed_in(email="ndapewa@example.na", phone=NUMBER)
    await api.post("/users/me/email", {"email": spelt}, token=token)
    assert (await written(identity, database))[-1] == ("nobody", spelt)


@alike
async def test_a_new_spelling_of_the_own_address_is_accepted_without_a_notice_of_change(
    api: Api, identity: Identity, database: Database, given_as: str, spelt: str
) -> None:
    token = await api.signed_in(email=given_as)
    pending = (await api.post("/users/me/email", {"email": spelt}, token=token)).json()["data"]["verification_id"]
    assert (await api.verify(pending)).status_code == 200
    assert await email_of(api, token) == spelt
    assert [template for template, _ in await written(identity, database)].count("email_changed") == 0


@alike
async def test_spellings_share_the_hourly_limits_of_codes_and_attempts(
    api: Api, identity: Identity, database: Database, fakes: Fakes, given_as: str, spelt: str
) -> None:
    fakes.attempts.limit = 5
    for email in (given_as, spelt) * 3:
        await api.request_registration(email=email)
    assert len(await written(identity, database)) == 5
    answers = [(await api.login(email=email, password="Wrong-Sunrise-47!")).status_code for email in (given_as, spelt) * 3]
    assert answers == [401] * 5 + [429]


async def test_mail_is_never_sent_to_the_folded_address(api: Api, identity: Identity, database: Database, fakes: Fakes) -> None:
    admin = await signed_in_as(api, fakes, "admin")
    begun = len(await written(identity, database))
    await api.post("/users", {"full_name": "Karl Gross", "email": SHARP}, token=admin)
    await api.post("/auth/password-reset", {"email": SHARP})
    await api.post("/auth/password-reset", {"email": DOUBLE})
    token = await api.signed_in(email="ndapewa@example.na", phone=NUMBER)
    await api.post("/users/me/email", {"email": "paul@straße.example.na"}, token=token)
    sent = (await written(identity, database))[begun:]
    assert [(template, to) for template, to in sent if "ndapewa" not in to] == [
        ("account_created", SHARP),
        ("password_reset", SHARP),
        ("nobody", DOUBLE),
        ("verify_email", "paul@straße.example.na"),
    ]


async def test_sharp_s_and_double_s_are_two_accounts(api: Api) -> None:
    await api.register(email=SHARP)
    await api.register(email=DOUBLE, phone=NUMBER)
    shown = [await email_of(api, token_of(await api.login(email=email))) for email in (SHARP, DOUBLE)]
    assert shown == [SHARP, DOUBLE]
    assert (await api.login(email="karl@xn--strae-oqa.example.na", password=PASSWORD)).status_code == 200


async def test_letters_beyond_ascii_in_a_username_are_refused_before_lowering(api: Api) -> None:
    """A KELVIN SIGN: its lower case is "k", and NFC makes it a "K"."""
    answer = await api.request_registration(username="\N{KELVIN SIGN}unene")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "username")
