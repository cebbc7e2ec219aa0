"""PostgreSQL, RabbitMQ and Redis as an environment provides them: empty, with the passwords of its Secrets."""

import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit
from urllib.request import Request, urlopen

import psycopg
from overlays.cluster import Outside
from psycopg import sql
from redis import Redis

from chassis.testing.databases import libpq_variables
from chassis.testing.running import endpoint
from elcorp_local.backing import Backing
from elcorp_local.port_numbers import SERVICES
from k8s.tests.rendering import K8S

DATABASES: Final = K8S / "components" / "backing" / "databases" / "databases.sh"
_ALL: Final = {"configure": ".*", "write": ".*", "read": ".*"}

# Passwords by the keys of the Secrets `postgres`, `rabbitmq` and `redis` in the namespace of the backing services.
Passwords = Mapping[str, str]


@dataclass(frozen=True)
class BackingServers:
    """The servers of the test run, used by one overlay after another."""

    backing: Backing
    tls: bool = True

    def provide(self, passwords: Passwords) -> None:
        """Remove the data of earlier overlays, and create the databases, roles and users of this one."""
        self._drop_databases()
        self.databases(**passwords)
        self._broker("DELETE", "/api/vhosts/%2F")
        self._broker("PUT", "/api/vhosts/%2F")
        self.broker_user("elcorp", passwords["RABBITMQ_PASSWORD"])
        self._broker("PUT", "/api/permissions/%2F/guest", **_ALL)
        with Redis.from_url(self.backing.redis_url) as redis:
            redis.flushall()
            redis.execute_command("ACL", "SETUSER", "default", "resetpass", f">{passwords['REDIS_PASSWORD']}")

    def databases(self, *arguments: str, **passwords: str) -> None:
        """Run the project's own script, as an environment's administrator does."""
        environment = {"PATH": os.environ["PATH"], **libpq_variables(self.backing.postgres_url), **passwords}
        done = subprocess.run(  # noqa: S603  # our own script
            [str(DATABASES), *arguments], env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr

    def superuser(self, database: str) -> "psycopg.Connection":
        return psycopg.connect(urlunsplit(urlsplit(self.backing.postgres_url)._replace(path=f"/{database}")), autocommit=True)

    def remove_broker_user(self, user: str) -> None:
        self._broker("DELETE", f"/api/users/{user}")

    def redis_passwords(self, *passwords: str, before: str) -> None:
        """Allow the default user to log in with any of these."""
        with Redis.from_url(self.backing.redis_url, password=before) as redis:
            redis.execute_command("ACL", "SETUSER", "default", "resetpass", *(f">{password}" for password in passwords))

    def broker_user(self, user: str, password: str) -> None:
        self._broker("PUT", f"/api/users/{user}", password=password, tags="")
        self._broker("PUT", f"/api/permissions/%2F/{user}", **_ALL)

    def unlock_redis(self, password: str) -> None:
        """Remove the password of Redis again, as before the overlay."""
        with Redis.from_url(self.backing.redis_url, password=password) as redis:
            redis.execute_command("ACL", "SETUSER", "default", "nopass")

    def outside(self) -> Outside:
        """Return the servers' addresses as seen by a cluster, with or without TLS."""
        backing = self.backing
        rabbitmq = {5671: endpoint(backing.rabbitmq_tls_url)} if self.tls else {5672: endpoint(backing.rabbitmq_url)}
        return {
            "postgres.elcorp-data": {5432: endpoint(backing.postgres_url)},
            "rabbitmq.elcorp-data": rabbitmq,
            "redis.elcorp-data": {6379: endpoint(backing.redis_tls_url if self.tls else backing.redis_url)},
        }

    def _drop_databases(self) -> None:
        with psycopg.connect(self.backing.postgres_url, autocommit=True) as connection:
            for service in SERVICES:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(service)))

    def _broker(self, method: str, path: str, **body: str) -> None:
        parts = urlsplit(self.backing.rabbitmq_management_url)
        credentials = b64encode(f"{parts.username}:{parts.password}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
        url = f"http://{parts.hostname}:{parts.port}{path}"
        with urlopen(Request(url, json.dumps(body).encode(), headers, method=method), timeout=60):  # our own server
            """Raises HTTPError unless the request succeeds."""
