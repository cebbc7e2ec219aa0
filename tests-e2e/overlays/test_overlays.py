"""The processes of each overlay serve users, run background work, and are replaced while people pay."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from collector import Collector
from journey import Api, Person, until, walk
from overlays.backing_servers import BackingServers
from overlays.environment import Authorities
from overlays.paying import Paying, paying
from overlays.rotation import renew_certificates, replace_authority, replace_passwords_and_master_key, rotate_token_key
from overlays.running_overlay import RunningOverlay, run_overlay
from planned_transfers import bearer, follow, plan, submit

from chassis.testing import pooler
from elcorp_local.backing import ServerCertificates, start_backing
from elcorp_local.port_numbers import SERVICES
from k8s.tests.rendering import OVERLAYS

pytestmark = pytest.mark.e2e
FUNDS = Decimal("100.00")
LINES = 500


@pytest.fixture(scope="session")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Authorities:
    return Authorities.make(tmp_path_factory.mktemp("authorities"))


@pytest.fixture(scope="session")
def servers_of_overlays(tmp_path_factory: pytest.TempPathFactory, authorities: Authorities) -> Iterator[BackingServers]:
    pooler.program()  # installs it if it is missing
    issued = authorities.servers.issue("postgres.elcorp-data", "rabbitmq.elcorp-data", "redis.elcorp-data")
    certificates = ServerCertificates(issued["tls_cert_file"], issued["tls_key_file"], issued["tls_ca_file"])
    with start_backing(tmp_path_factory.mktemp("backing"), fast=True, certificates=certificates) as backing:
        yield BackingServers(backing)


# It starts dozens of processes, on a machine that may be busy.
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("overlay", OVERLAYS)
async def test_an_overlay_serves_and_is_replaced_while_people_pay(
    overlay: str, servers_of_overlays: BackingServers, authorities: Authorities, collector: Collector, tmp_path: Path
) -> None:
    async with run_overlay(overlay, tmp_path, servers_of_overlays, authorities, collector) as here:
        said: list[str] = []
        assert await walk(here.cluster.url, here.journey.admin, said.append, here.journey.mailbox), "\n".join(said)
        people = [await here.journey.make_holder(name, funds=str(FUNDS)) for name in ("Payer", "Spender", "Employer")]
        *payers, employer = people
        payee = await here.journey.make_holder("Payee")
        schedule = await plan(here.api, employer, payee)
        bulk = await submit(here.client, employer, [payee], lines=LINES, mode="best_effort")

        async with paying(here.cluster.url, payers, payee) as load:
            await load.continues()
            before = load.made
            if overlay == "staging":
                await renew_certificates(here)
                await replace_authority(here)
                await rotate_token_key(here)
                await replace_passwords_and_master_key(here)
            else:
                await here.cluster.roll()
            assert load.made > before
            await load.continues()
        assert load.failures == []
        print(f"{overlay}: {load.made} payments were made, {load.retried} responses asked for a retry")

        progress = await follow(here.client, employer, bulk["id"])
        assert (progress[-1]["status"], progress[-1]["settled"]) == ("completed", LINES)
        file = await here.client.get(f"/api/v1/transfers/bulk/{bulk['id']}/file", headers=bearer(employer))
        assert len(file.json()["lines"]) == LINES
        await until(
            lambda: _has_ended(here.api, employer, schedule["id"]),
            "the planned transfer to be made",
            seconds_max=200,
            pause_seconds=1,
        )
        await _balances_match(here, people, payee, load)
        if overlay != "local":
            _require_tls(here)
            assert _traced(collector) >= {"gateway", "identity-serve", "payments-serve", "compliance-work", "payments-jobs"}


async def _has_ended(api: Api, payer: Person, schedule_id: str) -> bool:
    return bool((await api.data("GET", f"/transfers/schedules/{schedule_id}", by=payer))["status"] == "ended")


async def _balances_match(here: RunningOverlay, payers: list[Person], payee: Person, load: Paying) -> None:
    """Compare balances with the responses: the lines and payments of 0.01 each, and the planned 4.00."""
    moved = Decimal("0.01") * (load.made + LINES) + 4
    people = (*payers, payee)
    balances = [Decimal((await here.api.data("GET", f"/wallets/{each.wallet_id}", by=each))["balance"]) for each in people]
    assert balances[-1] == moved
    assert sum(balances) == FUNDS * len(payers)


def _require_tls(here: RunningOverlay) -> None:
    """Ask PostgreSQL which sessions use TLS; RabbitMQ and Redis have TLS ports only."""
    with here.servers.superuser("postgres") as superuser:
        query = """
            SELECT usename, bool_and(ssl) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
            WHERE usename LIKE ANY (ARRAY['%_app', '%_app_b']) GROUP BY usename
        """
        encrypted: dict[str, bool] = dict(superuser.execute(query).fetchall())
    assert len(encrypted) >= len(SERVICES)
    assert all(encrypted.values())


def _traced(collector: Collector) -> set[str]:
    return {span.process for span in list(collector.spans)}
