"""The main use of the platform, performed through the gateway as its users would, step by step.

`python tests-e2e/journey.py --url http://localhost:8000` needs ELCORP_ADMIN_PASSWORD (and ELCORP_ADMIN_EMAIL) in the
environment, and ELCORP_ADMIN_TOTP_SECRET if the administrator has an authenticator app. Each step prints a tick and the
time it took; a failed step prints the reason, and the exit code is 1. The journey can be repeated: each run registers new
people.
"""

import argparse
import asyncio
import os
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from authenticator import Authenticator

from compliance.verifier import verify_bundle

Say = Callable[[str], None]
# Returns the code of the newest mail to an address, or None if there is none.
Mailbox = Callable[[str], Awaitable[str | None]]
# For a busy machine: a wait ends as soon as its condition holds, and the time it took is printed.
EVENTS_ARRIVE_SECONDS_MAX = 120
PAUSE_SECONDS_MAX = 5
# How often a request is repeated whose response asks for it.
REPEATS_MAX = 60


class StepFailed(Exception):
    """A step did not get what it expected; the message has both."""


@dataclass
class Person:
    name: str
    device_id: str = field(default_factory=lambda: str(uuid4()))
    email: str = ""
    password: str = ""
    user_id: str = ""
    wallet_id: str = ""
    access_token: str = ""
    app: Authenticator | None = None


class Api:
    """The gateway as a client uses it: unwraps the envelope and reports unexpected responses."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def call(
        self,
        method: str,
        path: str,
        *,
        by: Person | None = None,
        expect: int | None = 200,
        key: str | None = None,
        etag: int | None = None,
        **body: object,
    ) -> Any:
        headers = {"User-Agent": "elcorp-journey/1.0"}
        if by and by.access_token:
            headers["Authorization"] = f"Bearer {by.access_token}"
        if key:
            headers["Idempotency-Key"] = key
        if etag is not None:
            headers["If-Match"] = f'"{etag}"'
        may_repeat = method != "POST" or key is not None or path.startswith("/auth/")
        for _ in range(REPEATS_MAX):
            response = await self._client.request(method, f"/api/v1{path}", headers=headers, json=body or None)
            is_asked_to = response.status_code == httpx.codes.SERVICE_UNAVAILABLE and "Retry-After" in response.headers
            if expect in {None, httpx.codes.SERVICE_UNAVAILABLE} or not (is_asked_to and may_repeat):
                break
            # A peer took longer than a request may wait for it, on a busy machine.
            await asyncio.sleep(int(response.headers["Retry-After"]))
        if expect is not None and response.status_code != expect:
            raise StepFailed(f"{method} {path}: expected {expect}, got {response.status_code}: {response.text[:400]}")
        return response.json() if response.content else None

    async def data(self, method: str, path: str, **options: Any) -> Any:
        answer = await self.call(method, path, **options)
        return answer["data"]


class Journey:
    def __init__(self, api: Api, admin: Person, say: Say, mailbox: Mailbox | None = None) -> None:
        """`mailbox` returns the codes of mails; the default is the developer's mailbox of the environment `local`."""
        self.api, self.admin, self.say = api, admin, say
        self.mailbox = mailbox or self._developers_mailbox
        self.ndapewa, self.johannes, self.auditor = Person("Ndapewa"), Person("Johannes"), Person("Auditor")
        self.transfer: dict[str, Any] = {}

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        return [
            ("an administrator signs in", self.administrator_signs_in),
            ("two people register, confirm their e-mail addresses and sign in, each from a device", self.two_people_register),
            ("payments opens their wallets because identity announced them", self.wallets_open),
            ("the treasury issues 1,000.00 NAD to Ndapewa", self.treasury_issues),
            ("she transfers 250.00 NAD to Johannes; the same request again is the same transfer", self.she_transfers),
            ("10,000.00 NAD is refused, and so is a stranger's token", self.refusals),
            ("both see balances and history", self.both_see),
            ("all accounts together sum to zero in every currency", self.books_balance),
            ("an auditor, granted the role, reads the transfer's trail across the services", self.auditor_reads),
            ("the entry's inclusion proof verifies offline against the signed checkpoint", self.proof_verifies),
            ("she logs out; her token is refused within a second", self.she_logs_out),
        ]

    async def administrator_signs_in(self) -> str:
        # At the first start governance may not have received the event about the administrator yet.
        async def is_admin() -> bool:
            await self.sign_in(self.admin)
            me = await self.api.data("GET", "/users/me", by=self.admin)
            self.admin.user_id = me["id"]
            return "admin" in me["roles"]

        had_app = self.admin.app is not None
        await until(is_admin, "the administrator's role to arrive", pause_growth=2)
        if had_app or self.admin.app is None:
            return self.admin.email
        return f"{self.admin.email}, with a new authenticator app: ELCORP_ADMIN_TOTP_SECRET={self.admin.app.secret}"

    async def two_people_register(self) -> str:
        for person in (self.ndapewa, self.johannes):
            await self.register(person)
            await self.sign_in(person)
        return f"wallet addresses {self.ndapewa.wallet_id[:8]}…, {self.johannes.wallet_id[:8]}…"

    async def wallets_open(self) -> str:
        for person in (self.ndapewa, self.johannes):
            await self.wallet_opens(person)
        return "0.00 NAD each"

    async def treasury_issues(self) -> str:
        issued = await self.issue(self.ndapewa, "1000.00", reason="journey")
        return f"entry {issued['id']}"

    async def she_transfers(self) -> str:
        key = str(uuid4())
        self.transfer = await self._transfer("250.00", key=key)
        again = await self._transfer("250.00", key=key)
        if again["id"] != self.transfer["id"]:
            raise StepFailed(f"the repeated request made another transfer: {again['id']}, not {self.transfer['id']}")
        return f"transfer {self.transfer['id']}"

    async def refusals(self) -> str:
        refused = await self._transfer("10000.00", key=str(uuid4()), expect=409)
        if refused["code"] != "PAY_001":
            raise StepFailed(f"expected PAY_001, got {refused}")
        stranger = await self._transfer("1.00", key=str(uuid4()), by=self.johannes, expect=403)
        return f"{refused['code']} {refused['error']}; {stranger['code']} {stranger['error']}"

    async def both_see(self) -> str:
        for person, balance, lines in ((self.ndapewa, "750.00", 2), (self.johannes, "250.00", 1)):
            wallet = await self.api.data("GET", f"/wallets/{person.wallet_id}", by=person)
            postings = await self.api.data("GET", f"/wallets/{person.wallet_id}/postings", by=person)
            if (wallet["balance"], len(postings["items"])) != (balance, lines):
                raise StepFailed(f"{person.name} sees {wallet['balance']} in {len(postings['items'])} postings")
        return "750.00 and 250.00 NAD"

    async def books_balance(self) -> str:
        lines = (await self.api.data("GET", "/ledger/trial-balance", by=self.admin))["items"]
        if broken := [line for line in lines if float(line["total"]) != 0]:
            raise StepFailed(f"the ledger does not balance: {broken}")
        return ", ".join(f"{line['currency']} {line['total']}" for line in lines)

    async def auditor_reads(self) -> str:
        await self.register(self.auditor)
        await self.api.call(
            "POST",
            "/role-assignments",
            by=self.admin,
            expect=201,
            key=str(uuid4()),
            subject_id=self.auditor.user_id,
            role="staff",
        )
        await self.sign_in(self.auditor)
        trail: list[dict[str, Any]] = []

        async def complete() -> bool:
            nonlocal trail
            path = f"/audit/trails/{self.transfer['id']}?reason=yearly+audit"
            try:
                trail = (await self.api.data("GET", path, by=self.auditor))["items"]
            except StepFailed as failure:
                # On a busy machine, the auditor may be there before the first entry about the transfer.
                if "RES_001" not in str(failure):
                    raise
                return False
            return {"identity", "payments", "governance"} <= {entry["producer"] for entry in trail}

        await until(complete, "the trail to reach the audit log")
        for entry in trail:
            self.say(_audit_line(entry))
        return f"{len(trail)} entries"

    async def proof_verifies(self) -> str:
        entries = await self.api.data(
            "GET", f"/audit/entries?resource_type=transfer&resource_id={self.transfer['id']}", by=self.auditor
        )
        sequence = entries["items"][0]["sequence"]
        bundle: Any = None

        async def signed() -> bool:
            nonlocal bundle
            try:
                bundle = await self.api.data("GET", f"/audit/entries/{sequence}/proof", by=self.auditor)
            except StepFailed as failure:
                # Not under a checkpoint yet: about two are signed a second.
                if "CMP_002" not in str(failure):
                    raise
            return bundle is not None

        await until(signed, "the entry to be under a signed checkpoint")
        key = (await self.api.data("GET", "/audit/key"))["key"]
        verified = verify_bundle(bundle, key=key)
        return f"leaf {verified.index} of {verified.tree_size}, root {verified.root_hash.hex()[:16]}…"

    async def she_logs_out(self) -> str:
        await self.api.call("POST", "/auth/logout", by=self.ndapewa, key=str(uuid4()))
        started = time.perf_counter()

        async def refused() -> bool:
            response = await self.api._client.get(  # noqa: SLF001  # the status is what matters
                "/api/v1/wallets", headers={"Authorization": f"Bearer {self.ndapewa.access_token}"}
            )
            return response.status_code == httpx.codes.UNAUTHORIZED

        await until(refused, "the refusal of an ended session", pause_seconds=0.02)
        return f"after {(time.perf_counter() - started) * 1000:.0f} ms"

    async def make_holder(self, name: str, *, funds: str | None = None) -> Person:
        """Create a person with an open wallet; the administrator funds it with NAD if `funds` is given."""
        person = Person(name)
        await self.register(person)
        await self.sign_in(person)
        await self.wallet_opens(person)
        if funds:
            await self.issue(person, funds, reason="test funds")
        return person

    async def issue(self, person: Person, amount: str, *, reason: str) -> Any:
        facts = {"wallet_id": person.wallet_id, "amount": amount, "currency": "NAD", "reason": reason}
        return await self.api.data("POST", "/issuances", by=self.admin, expect=201, key=str(uuid4()), **facts)

    async def wallet_opens(self, person: Person) -> None:
        async def opened() -> bool:
            wallets = (await self.api.data("GET", "/wallets", by=person))["items"]
            return any(wallet["id"] == person.wallet_id for wallet in wallets)

        await until(opened, f"{person.name}'s wallet")

    async def register(self, person: Person) -> None:
        tag = secrets.token_hex(5)
        person.email = f"{person.name.lower()}.{tag}@example.na"
        person.password = f"Oshana-{secrets.token_urlsafe(12)}-7!"
        pending = await self.api.data(
            "POST",
            "/auth/register",
            expect=202,
            key=str(uuid4()),
            full_name=f"{person.name} Journey",
            email=person.email,
            phone=f"+26481{secrets.randbelow(10**7):07d}",
            password=person.password,
            agreed_terms=True,
        )
        code = await self.code_for(person.email)
        account = await self.api.data("POST", "/auth/verify-email", verification_id=pending["verification_id"], code=code)
        person.user_id, person.wallet_id = account["id"], account["wallet_address"]

    async def code_for(self, email: str) -> str:
        """Read the code from the mail."""
        code: str | None = None

        async def arrived() -> bool:
            nonlocal code
            code = await self.mailbox(email)
            return code is not None

        await until(arrived, f"the code to reach {email}", pause_growth=1.5)
        return str(code)

    async def _developers_mailbox(self, email: str) -> str | None:
        answer = await self.api.call("GET", f"/dev/mailbox?recipient={email}", expect=None)
        if answer.get("code") == "RES_001":
            raise StepFailed("the journey can read mails in `local` only; no address can be confirmed here")
        return next((str(item["facts"]["code"]) for item in answer["data"]["items"] if "code" in item["facts"]), None)

    async def sign_in(self, person: Person) -> None:
        answer = await self.api.data(
            "POST", "/auth/login", email=person.email, password=person.password, device_id=person.device_id
        )
        if "challenge" in answer:
            answer = await self._prove_second_factor(person, answer["challenge"], enrolment=answer["enrolment"])
        person.access_token = answer["access_token"]

    async def _prove_second_factor(self, person: Person, challenge: str, *, enrolment: bool) -> Any:
        """Complete a sign-in with the person's authenticator app; set one up first if the platform requires it."""
        if enrolment:
            begun = await self.api.data("POST", "/auth/login/totp", expect=201, challenge=challenge)
            person.app = Authenticator(begun["secret"])
            await self.api.data("POST", "/auth/login/totp/confirm", challenge=challenge, code=person.app.code())
        if person.app is None:
            raise StepFailed(f"{person.name} has an authenticator app: set ELCORP_ADMIN_TOTP_SECRET to its secret")
        await asyncio.sleep(person.app.wait_seconds())
        return await self.api.data("POST", "/auth/login/verify", challenge=challenge, code=person.app.code())

    async def _transfer(self, amount: str, *, key: str, by: Person | None = None, expect: int = 201) -> dict[str, Any]:
        answer: dict[str, Any] = await self.api.call(
            "POST",
            "/transfers",
            by=by or self.ndapewa,
            expect=expect,
            key=key,
            source_wallet_id=self.ndapewa.wallet_id,
            target_wallet_id=self.johannes.wallet_id,
            amount=amount,
            currency="NAD",
            description="rent, March",
        )
        transfer: dict[str, Any] = answer.get("data", answer)
        return transfer


async def until(
    done: Callable[[], Awaitable[bool]],
    what: str,
    *,
    seconds_max: float = EVENTS_ARRIVE_SECONDS_MAX,
    pause_seconds: float = 0.05,
    pause_growth: float = 1,
) -> None:
    """Call `is_done` until it returns True; `pause_growth` lengthens the pauses, for requests that are limited per minute."""
    deadline = time.perf_counter() + seconds_max
    while not await done():
        if time.perf_counter() > deadline:
            raise StepFailed(f"waited {seconds_max:g} s for {what}")
        await asyncio.sleep(pause_seconds)
        pause_seconds = min(pause_seconds * pause_growth, PAUSE_SECONDS_MAX)


def _audit_line(entry: dict[str, Any]) -> str:
    actor = entry["actor"]
    who = actor["kind"] if actor["kind"] == actor["subject_id"] else f"{actor['kind']} {_shortened(actor['subject_id'])}"
    where = actor.get("ip") or "inside"
    return f"      {entry['sequence']:>6}  {entry['occurred_at'][:19]}  {entry['action']:<32} {who:<20} from {where}"


def _shortened(name: str) -> str:
    return name.partition("-")[0]


async def walk(url: str, admin: Person, say: Say, mailbox: Mailbox | None = None) -> bool:
    """Run every step; return False at the first that fails."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        journey = Journey(Api(client), admin, say, mailbox)
        begun = time.perf_counter()
        for number, (title, step) in enumerate(journey.steps(), 1):
            started = time.perf_counter()
            try:
                result = await step()
            except (StepFailed, httpx.HTTPError, KeyError, ValueError) as failure:
                say(f"  ✗ {number:>2}. {title}\n        {type(failure).__name__}: {failure}")
                return False
            say(f"  ✓ {number:>2}. {title}  ({(time.perf_counter() - started) * 1000:,.0f} ms)\n        {result}")
        say(f"  The journey took {time.perf_counter() - begun:.1f} s.")
        return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://localhost:8000", help="the URL of the gateway")
    parser.add_argument("--admin-email", default=os.environ.get("ELCORP_ADMIN_EMAIL", "admin@elcorp.na"))
    arguments = parser.parse_args()
    password = os.environ.get("ELCORP_ADMIN_PASSWORD")
    if not password:
        parser.error("the administrator's password must be in ELCORP_ADMIN_PASSWORD")
    secret = os.environ.get("ELCORP_ADMIN_TOTP_SECRET")
    app = Authenticator(secret) if secret else None
    admin = Person("Administrator", email=arguments.admin_email, password=password, app=app)
    print(f"The journey, at {arguments.url}:")
    return 0 if asyncio.run(walk(arguments.url, admin, lambda line: print(line, flush=True))) else 1


if __name__ == "__main__":
    sys.exit(main())
