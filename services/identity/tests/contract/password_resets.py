"""Resetting a password by the link in the mail."""

import httpx

from chassis.persistence.database import Database
from identity.application import Identity
from services.identity.tests.contract.api import Api
from services.identity.tests.stored import rows, views_of

NEW_PASSWORD = "Okavango-Delta-93!"


async def ask_reset(api: Api, email: str = "ndapewa@example.na") -> httpx.Response:
    return await api.post("/auth/password-reset", {"email": email})


async def reset_links(identity: Identity, database: Database) -> list[str]:
    """Read the tokens of the links that were sent, oldest first."""
    sent = await rows(database, "SELECT id FROM messages WHERE template = 'password_reset' ORDER BY queued_at, id")
    messages = [await views_of(database).messages.waiting_message(row.id) for row in sent]
    return [str(message.facts["link"]).partition("#token=")[2] for message in messages if message]


async def reset_password(api: Api, token: str, password: str = NEW_PASSWORD) -> httpx.Response:
    return await api.post("/auth/password-reset/confirm", {"token": token, "password": password})
