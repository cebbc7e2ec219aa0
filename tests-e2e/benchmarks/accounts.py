"""Identity: sign-ins, refreshes, token checks, reading and finding users, ending sessions."""

import asyncio
import base64
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import httpx
import psycopg
from journey import Person

from benchmarks import load
from benchmarks.bank import Bank
from benchmarks.cpu import seconds_by_process
from benchmarks.results import Result
from identity.domain.profile import Profile
from identity.infrastructure.passwords import Argon2Passwords
from identity.infrastructure.vault import Vault
from kernel.ids import new_id

RUN_SECONDS = 6
FEW, MANY = 1_000, 100_000
SEED_SECONDS_MAX = 90
CHUNK = 5_000
CALLERS = 4
# Each caller uses its sessions in turn: a session refreshed 32 times in ten seconds gets its token back unused.
DEVICES = 50
REFUSALS = 60
TELLING_RATIO = 1 / 0.9


def sign_ins(bank: Bank) -> list[Result]:
    """Sign-ins per second and core, compared with bare Argon2id in the same run; refreshes per second and core."""
    return asyncio.run(_sign_ins(bank, bank.people[:CALLERS]))


async def _sign_ins(bank: Bank, people: Sequence[Person]) -> list[Result]:
    hashes = await _bare_hashes()
    async with httpx.AsyncClient(base_url=bank.platform.url, timeout=20) as client:

        async def sign_in(person: Person, device_id: str | None = None) -> str:
            body = {"email": person.email, "password": person.password, "device_id": device_id or person.device_id}
            answer = await client.post("/api/v1/auth/login", json=body)
            return str(answer.raise_for_status().json()["data"]["refresh_token"])

        logins = await _per_second_and_core(bank, [partial(sign_in, person) for person in people])
        devices = [[str(new_id()) for _ in range(DEVICES)] for _ in people]
        sessions = [
            deque([(device_id, await sign_in(person, device_id)) for device_id in own])
            for person, own in zip(people, devices, strict=True)
        ]

        async def refresh(of_person: deque[tuple[str, str]]) -> None:
            device_id, token = of_person.popleft()
            answer = await client.post("/api/v1/auth/refresh", json={"refresh_token": token, "device_id": device_id})
            of_person.append((device_id, str(answer.raise_for_status().json()["data"]["refresh_token"])))

        refreshes = await _per_second_and_core(bank, [partial(refresh, of_person) for of_person in sessions])
    return [
        Result("bare Argon2id, 19 MiB, 2 passes", hashes, "hashes/s/core"),
        Result.against("logins", logins, "logins/s/core", baseline=hashes, ratio_min=0.8),
        Result.at_least("refreshes", refreshes, "refreshes/s/core", target=240),
    ]


async def _bare_hashes() -> float:
    passwords = Argon2Passwords(workers=1)
    before, done = time.process_time(), 0
    while time.process_time() - before < 2:
        await passwords.hash("Oshana-benchmark-7!")
        done += 1
    passwords.close()
    return done / (time.process_time() - before)


async def _per_second_and_core(bank: Bank, callers: list[Callable[[], Awaitable[object]]]) -> float:
    """Let each caller call repeatedly; divide the number of calls by the CPU time of identity's serving process."""
    before, ends_at, done = seconds_by_process(bank.platform)["identity-serve"], time.monotonic() + RUN_SECONDS, 0

    async def call_on(call: Callable[[], Awaitable[object]]) -> None:
        nonlocal done
        while time.monotonic() < ends_at:
            await call()
            done += 1

    await asyncio.gather(*map(call_on, callers))
    return done / (seconds_by_process(bank.platform)["identity-serve"] - before)


def refused_sign_ins(bank: Bank) -> list[Result]:
    """Time of a refused sign-in with and without an account: the two must not be distinguishable."""
    return asyncio.run(_refused_sign_ins(bank))


async def _refused_sign_ins(bank: Bank) -> list[Result]:
    known, spent_ms = bank.people[0], defaultdict[str, list[float]](list)
    names = {"wrong password": known.email, "unknown user": "nobody.at.all@example.na"}
    async with httpx.AsyncClient(base_url=bank.platform.url, timeout=20) as client:
        for _ in range(REFUSALS):
            # Alternate, so that other load on the machine affects both.
            for what, email in names.items():
                began = time.perf_counter()
                body = {"email": email, "password": "Not-the-one-7!", "device_id": str(new_id())}
                answer = await client.post("/api/v1/auth/login", json=body)
                spent_ms[what].append((time.perf_counter() - began) * 1000)
                if answer.status_code != httpx.codes.UNAUTHORIZED:
                    raise RuntimeError(f"{what}: {answer.status_code} {answer.text[:200]}")
    wrong, unknown = (sorted(spent_ms[what]) for what in names)
    rows = []
    for part, place in (("p50", 0.5), ("p90", 0.9)):
        of_wrong, of_unknown = (times[int(len(times) * place)] for times in (wrong, unknown))
        ratio = of_unknown / of_wrong
        met = TELLING_RATIO > ratio > 1 / TELLING_RATIO
        name = f"refused sign-in, unknown user against wrong password: {part}"
        rows.append(Result(name, of_unknown, "ms", of_wrong, ratio, "ratio 0.9 to 1.11", met=met))
    return rows


def people(bank: Bank) -> list[Result]:
    """A page of 100 users, decrypted, and a search by e-mail address, among few users and among many."""
    _ = bank.people
    results: list[Result] = []
    found: dict[int, float] = {}
    for number in (FEW, MANY):
        reached = _seed(bank, number)
        asked, url = bank.admin, bank.platform.service_url("identity")
        sought = load.reads(url, asked, f"/api/v1/users?reason=bench&email={bank.people[0].email}", connections=1, seconds=3)
        found[number] = sought.p50_ms
        results.append(Result(f"user by e-mail among {reached:,}: p50", sought.p50_ms, "ms"))
        page = load.reads(url, asked, "/api/v1/users?reason=bench&per_page=100", connections=1, seconds=3)
        results.append(Result.below(f"page of 100 users of {reached:,}: p50", page.p50_ms, "ms", target=15))
    ratio = found[MANY] / found[FEW]
    return [*results, Result("user by e-mail, many against few", ratio, "ratio", target="<= 1.5", met=ratio <= 1.5)]


def _seed(bank: Bank, number: int) -> int:
    """Create up to `number` users with sealed profiles, fewer if the time runs out; return how many exist."""
    vault = Vault(base64.b64decode(bank.platform.processes.secrets["ELCORP_MASTER_KEY"]))
    deadline = time.monotonic() + SEED_SECONDS_MAX
    with psycopg.connect(bank.superuser_url("identity"), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        while (there := bank.count("identity", "SELECT count(*) FROM users")) < number and time.monotonic() < deadline:
            _copy(connection, list(_rows(vault, min(CHUNK, number - there))))
        connection.execute("ANALYZE users, profiles, subject_keys")
    return bank.count("identity", "SELECT count(*) FROM users")


def _rows(vault: Vault, number: int) -> Iterator[tuple[tuple[object, ...], tuple[object, ...], tuple[object, ...]]]:
    now = datetime.now(UTC)
    for _ in range(number):
        user_id: UUID = new_id()
        sealed = vault.seal(
            user_id, Profile(full_name="Bench Person", email=f"{user_id}@example.na", phone=None, organization=None)
        )
        yield (
            (user_id, "$argon2id$none", now, "active", "user", now, now),
            (user_id, sealed.wrapped_key),
            (user_id, sealed.full_name, sealed.email, sealed.email_index),
        )


_TABLES = (
    "users (id, password_hash, password_changed_at, status, initial_role, agreed_terms_at, registered_at)",
    "subject_keys (subject_id, wrapped)",
    "profiles (user_id, full_name, email, email_index)",
)


def _copy(connection: "psycopg.Connection[tuple[object, ...]]", rows: list[tuple[tuple[object, ...], ...]]) -> None:
    for place, table in enumerate(_TABLES):
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row[place])


def revocation(bank: Bank) -> list[Result]:
    """Time from the response to a sign-out until the gateway refuses the session's token."""
    return [Result.below("revocation reaches the gateway after", asyncio.run(_revocation(bank, bank.people[-1])), "s", target=1)]


async def _revocation(bank: Bank, person: Person) -> float:
    headers = {"Authorization": f"Bearer {person.access_token}"}
    async with httpx.AsyncClient(base_url=bank.platform.url, timeout=20) as client:
        (await client.post("/api/v1/auth/logout", headers=headers)).raise_for_status()
        began = time.monotonic()
        while (await client.get("/api/v1/users/me", headers=headers)).status_code != httpx.codes.UNAUTHORIZED:
            if time.monotonic() - began > RUN_SECONDS:
                break
            await asyncio.sleep(0.005)
    return time.monotonic() - began
