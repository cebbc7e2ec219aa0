"""Organizations with a wallet, and requests of their members."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx

from kernel.ids import new_id
from services.payments.tests.contract.bank import Bank, Holder


@dataclass
class Company:
    """An organization with a wallet, of which two people are members. `as_holder` has a member's id and the company's wallet."""

    bank: Bank
    wallet_id: UUID
    id: UUID = field(default_factory=new_id)
    clerk: UUID = field(default_factory=new_id)
    partner: UUID = field(default_factory=new_id)

    @property
    def as_holder(self) -> Holder:
        return Holder(self.clerk, self.wallet_id)

    async def send(self, method: str, path: str, body: Any = None, *, by: UUID | None = None, **rest: Any) -> httpx.Response:
        """Send a request of a member who acts for the company."""
        return await self.bank.send(method, path, by or self.clerk, body, organization_id=self.id, **rest)

    async def balance(self) -> str:
        answer = await self.send("GET", f"/wallets/{self.wallet_id}")
        return str(answer.json()["data"]["balance"])


async def founded(bank: Bank, funds: str = "0") -> Company:
    company = Company(bank, wallet_id=new_id())
    opened = await company.send("POST", "/wallets", {"currency": "NAD", "name": "Operations"})
    assert opened.status_code == 201, opened.text
    company.wallet_id = UUID(opened.json()["data"]["id"])
    if Decimal(funds):
        issue = {"wallet_id": str(company.wallet_id), "amount": funds, "currency": "NAD", "reason": "test funds"}
        issued = await bank.post("/issuances", bank.staff_id, issue, roles=("admin",))
        assert issued.status_code == 201, issued.text
    return company
