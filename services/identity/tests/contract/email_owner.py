"""A user who changes their e-mail address, and undoes the change from the old mailbox."""

from dataclasses import dataclass

import httpx
from sqlalchemy import text

from chassis.persistence.database import Database
from identity.application import Identity
from services.identity.tests.contract.api import DETAILS, PASSWORD, Api
from services.identity.tests.contract.mailbox import mail

OLD, NEW, THIRD = str(DETAILS["email"]), "new@example.na", "third@example.na"
PAGE = "http://localhost:8000/undo-email-change"
CHANGED = "Kavango-Morning-63?*"
HOUR = 3600


@dataclass
class EmailOwner:
    api: Api
    identity: Identity
    database: Database

    async def written(self) -> list[tuple[str, str]]:
        return [(each.template.value, each.to) for each in await mail(self.database)]

    async def links(self) -> list[str]:
        """Return the secrets of the undo links, oldest first."""
        changed = [each for each in await mail(self.database) if "undo_link" in each.facts]
        links = [str(each.facts["undo_link"]).partition("#token=") for each in changed]
        assert {page for page, _, _ in links} <= {PAGE}
        return [secret for _, _, secret in links]

    async def change(self, email: str, token: str, query: str = "") -> None:
        pending = (await self.api.post(f"/users/me/email{query}", {"email": email}, token=token)).json()["data"]
        assert (await self.api.verify(pending["verification_id"])).status_code == 200

    async def undo(self, link: str, password: str = PASSWORD) -> httpx.Response:
        return await self.api.post("/auth/email-change/undo", {"token": link, "password": password})

    async def signs_in(self, email: str, password: str = PASSWORD) -> bool:
        return (await self.api.login(email=email, password=password)).status_code == 200

    async def sessions(self) -> list[str | None]:
        async with self.database.read() as connection:
            return list((await connection.execute(text("SELECT end_reason FROM sessions ORDER BY started_at, id"))).scalars())
