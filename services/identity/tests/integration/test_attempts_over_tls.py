"""Attempts are counted in Redis over verified TLS."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from chassis.redis import redis_client
from chassis.testing.certificates import Authority
from elcorp_local.backing import Ports, ServerCertificates, redis
from identity.domain.errors import TooManyAttempts
from identity.settings import IdentitySettings
from identity.wiring.adapters import attempts


async def test_attempts_are_counted_over_tls(tmp_path: Path, settings: IdentitySettings) -> None:
    certificate, key, authority = Authority(tmp_path).issue("127.0.0.1").values()
    certificates = ServerCertificates(certificate, key, authority, tls_only=True)
    server = redis.start(tmp_path, Ports.free(), fast=True, certificates=certificates)
    try:
        given = {**settings.model_dump(), "redis_url": SecretStr(server.urls["redis_url"]), "backing_ca_file": authority}
        given |= {"rabbitmq_url": SecretStr(""), "database_url": SecretStr("")}
        own = IdentitySettings.model_validate({**given, "login_attempts_per_hour": 1})
        async with redis_client(own.redis_url.get_secret_value()) as client:
            # Two processes: each knows what the other counts.
            one, other = attempts(own, client), attempts(own, client)
            await one.admit("ada", "192.0.2.7")
            with pytest.raises(TooManyAttempts):
                await other.admit("ada", "192.0.2.7")
    finally:
        server.stop()
