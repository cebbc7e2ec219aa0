"""pgbench writing the same rows directly to the same server, one transfer per transaction."""

import os
import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from chassis.persistence import migrations
from chassis.run.folders import migrations_of
from elcorp_local.platform import Platform

WALLETS = 1000
CLIENTS = (1, 8, 16)
SECONDS = 6

# The ids of wallets and transfers are numbers, written as UUIDs.
_A, _B, _T = (f"lpad(to_hex(:{name}::bigint), 32, '0')::uuid" for name in "abt")

# The rows that the platform writes for one transfer: the transfer, two postings, two balances, its owner's spending, its
# event, its audit fact and the fact's row in the journal.
_SCRIPT = f"""
\\set a random(1, {WALLETS})
\\set b 1 + (:a + random(0, {WALLETS - 2})) % {WALLETS}
\\set t random(1, 9000000000000000000)
BEGIN;
SELECT id, kind, owner_id, currency, balance, version FROM accounts WHERE id IN ({_A}, {_B}) ORDER BY id FOR NO KEY UPDATE;
INSERT INTO transfers
  (id, kind, initiator_id, idempotency_key, source_id, target_id, amount, currency, description, settled_at)
  VALUES ({_T}, 'transfer', {_A}, to_hex(:t::bigint), {_A}, {_B}, 0.01, 'NAD', 'bench', now());
INSERT INTO postings (transfer_id, account_id, counterparty_id, amount, currency, balance_after, posted_at) VALUES
  ({_T}, {_A}, {_B}, -0.01, 'NAD', 1, now()), ({_T}, {_B}, {_A}, 0.01, 'NAD', 1, now());
UPDATE accounts SET balance = balance - 0.01, version = version + 1 WHERE id = {_A};
UPDATE accounts SET balance = balance + 0.01, version = version + 1 WHERE id = {_B};
UPDATE spending SET day_total = day_total + 0.01, month_total = month_total + 0.01 WHERE owner_id = {_A} AND currency = 'NAD';
INSERT INTO outbox (message_id, type, aggregate_id, payload, headers) VALUES
  (gen_random_uuid(), 'payments.transfer.settled', to_hex(:t::bigint), decode(repeat('00', 180), 'hex'), '{{"trace": "00-0"}}'),
  (gen_random_uuid(), 'audit.facts.recorded', NULL, decode(repeat('00', 600), 'hex'), '{{"trace": "00-0"}}');
INSERT INTO audit_journal (fact_id, digest) VALUES (gen_random_uuid(), sha256(decode(to_hex(:t::bigint), 'escape')));
END;
"""
_NAME = "bench_pgbench"


def transfers_per_second(platform: Platform) -> dict[int, float]:
    """Measure with each number of clients; the key is that number."""
    with psycopg.connect(platform.backing.postgres_url, autocommit=True) as superuser:
        superuser.execute(f"DROP DATABASE IF EXISTS {_NAME}")
        superuser.execute(f"CREATE DATABASE {_NAME} OWNER payments_owner")
    owner = platform.database_url("payments", "owner").removesuffix("payments") + _NAME
    migrations.upgrade(owner, migrations_of("payments"), say=lambda _line: None)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO accounts (id, kind, owner_id, currency, balance, version, opened_at)"
            " SELECT lpad(to_hex(n), 32, '0')::uuid, 'wallet', lpad(to_hex(n), 32, '0')::uuid, 'NAD', 1000000, 0, now()"
            " FROM generate_series(1, %s) n",
            (WALLETS,),
        )
        connection.execute(
            "INSERT INTO spending (owner_id, currency, day, day_total, month, month_total)"
            " SELECT lpad(to_hex(n), 32, '0')::uuid, 'NAD', current_date, 0, date_trunc('month', current_date)::date, 0"
            " FROM generate_series(1, %s) n",
            (WALLETS,),
        )
    try:
        return {clients: _run(owner, clients) for clients in CLIENTS}
    finally:
        with psycopg.connect(platform.backing.postgres_url, autocommit=True) as superuser:
            superuser.execute(f"DROP DATABASE {_NAME} WITH (FORCE)")


def _run(url: str, clients: int) -> float:
    parts = urlsplit(url)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_SCRIPT)
        script.flush()
        command = ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(SECONDS), "-f", script.name]
        result = subprocess.run(  # noqa: S603  # our own arguments
            [*command, "-h", str(parts.hostname), "-p", str(parts.port), "-U", str(parts.username), Path(parts.path).name],
            env={**os.environ, "PGPASSWORD": parts.password or "", "PATH": f"{os.environ['PATH']}:{_programs()}"},
            capture_output=True,
            text=True,
            check=False,
        )
    if result.returncode:
        raise RuntimeError(f"pgbench failed:\n{result.stderr[-2000:]}")
    found = re.search(r"tps = ([0-9.]+)", result.stdout)
    if not found:
        raise RuntimeError(f"pgbench printed no rate:\n{result.stdout}")
    return float(found[1])


def _programs() -> str:
    from elcorp_local.backing.postgres import binaries  # noqa: PLC0415  # only here

    return str(binaries() or "")
