"""docker-compose.yml compared with the code: hardened, without secrets, and with settings that every process accepts."""

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr, ValidationError

from chassis.persistence.connection_budget import connections_max
from chassis.process_settings import ProcessSettings
from chassis.settings import ServiceSettings
from compliance.settings import ComplianceSettings
from gateway.settings import GatewaySettings
from governance.settings import GovernanceSettings
from identity.settings import IdentitySettings
from payments.settings import PaymentsSettings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
BACKING = {"postgres": "postgres:17-bookworm", "rabbitmq": "rabbitmq:4.1-management", "redis": "redis:7.4-bookworm"}
OURS = {name: service for name, service in SERVICES.items() if name not in BACKING}
SETTINGS: dict[str, type[ProcessSettings]] = {
    "identity": IdentitySettings,
    "payments": PaymentsSettings,
    "governance": GovernanceSettings,
    "compliance": ComplianceSettings,
    "gateway": GatewaySettings,
}
REQUIRED = re.compile(r"\$\{(\w+):\?[^}]*\}")
NONE_BY_DEFAULT = re.compile(r"\$\{\w+:-\}")
DEFAULTED = re.compile(r"\$\{\w+:-([^}]*)\}")
IMAGE = re.compile(r"elcorp/(\w+):\$\{ELCORP_TAG:-local\}")


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Create the .env of deploy/compose/env.sh."""
    file = tmp_path_factory.mktemp("compose") / ".env"
    subprocess.run([ROOT / "deploy" / "compose" / "env.sh", file], check=True, capture_output=True)  # noqa: S603  # our own
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    return names_and_values(file.read_text())


def names_and_values(text: str) -> dict[str, str]:
    lines = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name: value for name, _, value in lines}


FOLDERS = {
    "payments": ["objects:/var/lib/elcorp/objects", "uploads:/var/lib/elcorp/uploads"],
    "payments-jobs": ["objects:/var/lib/elcorp/objects"],
}


def environment_of(service: dict[str, Any], secrets: dict[str, str]) -> dict[str, str]:
    filled = {name: REQUIRED.sub(lambda found: secrets[found[1]], value) for name, value in service["environment"].items()}
    return {name: DEFAULTED.sub(lambda found: found[1], value) for name, value in filled.items()}


def test_compose_runs_every_process_of_every_service() -> None:
    roles = {name: ["", "-work", "-jobs", "-migrate"] for name in SETTINGS if name != "gateway"}
    assert set(OURS) == {f"{name}{role}" for name, suffixes in roles.items() for role in suffixes} | {"gateway"}
    assert {name: SERVICES[name]["image"] for name in BACKING} == BACKING


@pytest.mark.parametrize("name", OURS)
def test_every_process_accepts_its_settings(name: str, secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    service = OURS[name]
    owner = name.partition("-")[0]
    image = IMAGE.fullmatch(service["image"])
    assert image is not None
    assert image[1] == owner
    environment = environment_of(service, secrets)
    known = {f"ELCORP_{field.upper()}" for field in SETTINGS[owner].model_fields}
    assert environment.keys() - known - {"TMPDIR"} <= {f"ELCORP_{peer.upper()}_TARGET" for peer in SETTINGS}
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    settings = SETTINGS[owner]()
    assert settings.environment == "staging"  # where placeholders are refused
    # No process has a URL that it does not use.
    assert bool(settings.rabbitmq_url.get_secret_value()) == (service.get("command", ["serve"])[0] in {"serve", "work"})
    relays = isinstance(settings, ServiceSettings) and bool(settings.database_relay_url.get_secret_value())
    assert relays == (service.get("command") == ["work"])


def test_postgresql_accepts_the_connections_of_all_processes(secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    held = 0
    for name, service in OURS.items():
        with monkeypatch.context() as patch:
            for variable, value in environment_of(service, secrets).items():
                patch.setenv(variable, value)
            settings = SETTINGS[name.partition("-")[0]]()
        if isinstance(settings, ServiceSettings):
            held += connections_max(service["command"][0], settings)
    [given] = [each for each in SERVICES["postgres"]["command"] if each.startswith("max_connections=")]
    # Thirteen are for superusers, backups and people.
    assert 100 < held + 13 <= int(given.partition("=")[2])


def test_every_process_knows_the_public_url(secrets: dict[str, str]) -> None:
    """Tokens name it as their issuer."""
    given = [environment_of(service, secrets) for service in OURS.values()]
    assert {each["ELCORP_PUBLIC_URL"] for each in given} == {"http://localhost:8000"}


def test_every_process_that_accepts_tokens_can_read_the_ended_sessions(secrets: dict[str, str]) -> None:
    serving = [name for name in SETTINGS if OURS[name].get("command", ["serve"]) == ["serve"]]
    assert serving == list(SETTINGS)
    for name in serving:
        environment = environment_of(OURS[name], secrets)
        assert environment["ELCORP_REDIS_URL"].endswith("@redis:6379/0")
        assert "@rabbitmq:" in environment["ELCORP_RABBITMQ_URL"]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_process_without_an_environment_is_as_strict_as_in_production(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ELCORP_ENVIRONMENT")
    with pytest.raises(ValidationError, match="ELCORP_BACKING_CA_FILE is not set; production connects"):
        SETTINGS[name]()
    with pytest.raises(ValidationError, match="ELCORP_RABBITMQ_URL holds a placeholder; production needs"):
        SETTINGS[name](backing_plain=True, rabbitmq_url=SecretStr("amqp://guest:guest@broker/"))
    settings = SETTINGS[name](backing_plain=True)
    # No local-only feature is available by default.
    assert settings.rabbitmq_url == settings.redis_url == SecretStr("")
    assert (settings.environment, settings.privileged_have_two) == ("production", True)
    assert not (isinstance(settings, IdentitySettings) and settings.has_mailbox)


@pytest.mark.parametrize("name", OURS)
def test_every_process_is_hardened(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [mount.partition(":")[0] for mount in service["tmpfs"]] == ["/tmp"]  # noqa: S108  # in a container
    # Only payments keeps files, and receives them on a disk.
    assert service.get("volumes", []) == FOLDERS.get(name, [])


@pytest.mark.parametrize("name", BACKING)
def test_every_server_is_hardened(name: str) -> None:
    server = SERVICES[name]
    # Images have a user with the server's name, and no server process starts as root.
    assert server["user"] == name
    assert server["read_only"] is True
    assert server["cap_drop"] == ["ALL"]
    assert not server.keys() & {"cap_add", "privileged", "ports"}
    assert server["security_opt"] == ["no-new-privileges:true"]
    assert set(server["networks"]) == {"platform"}


def test_writable_folders_besides_the_data_are_in_memory_and_limited() -> None:
    volumes = yaml.safe_load(TEXT)["volumes"]
    in_memory = {name for name, volume in volumes.items() if volume}
    assert in_memory == {"postgres-run", "rabbitmq-log"}
    for name in in_memory:
        options = volumes[name]["driver_opts"]
        assert options["type"] == "tmpfs"
        assert options["o"].startswith("size=")
    for service in SERVICES.values():
        assert all(":size=" in mount for mount in service.get("tmpfs", []))


def test_every_container_has_limits_on_memory_processes_and_logs() -> None:
    for service in SERVICES.values():
        assert megabytes(service["mem_limit"]) >= 256
        assert service["pids_limit"] > 0
        options = service["logging"]["options"]
        assert megabytes(options["max-size"]) * int(options["max-file"]) <= 100


def test_the_servers_limits_suffice_for_their_settings() -> None:
    postgres, redis = SERVICES["postgres"], SERVICES["redis"]
    connections_max = int(re.fullmatch(r"max_connections=(\d+)", postgres["command"][-1])[1])  # type: ignore[index]  # fails then
    assert postgres["pids_limit"] > connections_max + 50  # a process each, and the server's own
    kept_max = redis["command"][redis["command"].index("--maxmemory") + 1].removesuffix("b")
    assert megabytes(redis["mem_limit"]) >= 2 * megabytes(kept_max)  # while the file is rewritten


def megabytes(size: str) -> int:
    return int(size[:-1]) * {"m": 1, "g": 1024}[size[-1]]


def test_only_the_gateway_is_published_and_on_this_machine_only() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"gateway"}
    assert SERVICES["gateway"]["ports"] == ["${ELCORP_BIND:-127.0.0.1}:${ELCORP_PORT:-8000}:8000"]
    assert {name for name, service in SERVICES.items() if "edge" in service["networks"]} == {"gateway"}


def test_the_readiness_port_is_probed_and_not_published() -> None:
    assert {service["environment"]["ELCORP_OPS_PORT"] for service in OURS.values()} == {"8081"}
    assert 'os.environ.get("ELCORP_OPS_PORT", "8081")' in (ROOT / "deploy" / "healthcheck.py").read_text()
    assert not any(":8081" in port for service in SERVICES.values() for port in service.get("ports", []))


def test_only_the_sender_of_messages_reaches_the_outside() -> None:
    ways_out = {name: set(service["networks"]) - {"platform", "edge"} for name, service in SERVICES.items()}
    assert {name: networks for name, networks in ways_out.items() if networks} == {"identity-jobs": {"outside"}}
    networks = yaml.safe_load(TEXT)["networks"]
    assert networks == {"platform": {"internal": True}, "edge": {}, "outside": {}}


# Values for trying it out, which are not secret.
CHOICES = {"ELCORP_ADMIN_EMAIL": "admin@elcorp.na", "ELCORP_ENVIRONMENT": "local", "ELCORP_SMTP_HOST": ""}


def test_the_file_has_no_secrets(secrets: dict[str, str]) -> None:
    assert set(REQUIRED.findall(TEXT)) == secrets.keys() - CHOICES.keys()
    example = names_and_values((ROOT / ".env.example").read_text())
    assert example.keys() == secrets.keys()
    assert {name: value for name, value in example.items() if value or name in CHOICES} == CHOICES
    for line in TEXT.splitlines():
        name, _, value = line.strip().partition(": ")
        if re.search(r"PASSWORD|SECRET|TOKEN|_KEY|AUTH$", name):
            assert REQUIRED.fullmatch(value) or NONE_BY_DEFAULT.fullmatch(value), line


def test_only_processes_that_encrypt_or_sign_have_master_keys() -> None:
    holders = {name for name, service in OURS.items() if "ELCORP_MASTER_KEY" in service["environment"]}
    assert holders == {"identity", "identity-jobs", "compliance", "compliance-work"}
    for mate in ("ELCORP_DIGEST_KEY", "ELCORP_OTHER_MASTER_KEY"):
        assert {name for name, service in OURS.items() if mate in service["environment"]} == {"identity", "identity-jobs"}
    owners = {name for name, service in OURS.items() if "ELCORP_DATABASE_OWNER_URL" in service["environment"]}
    assert owners == {f"{name}-migrate" for name in SETTINGS if name != "gateway"}


def test_an_existing_file_of_secrets_is_not_changed(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("mine=1\n")
    subprocess.run([ROOT / "deploy" / "compose" / "env.sh", file], check=True, capture_output=True)  # noqa: S603  # our own
    assert file.read_text() == "mine=1\n"


def test_the_database_script_knows_every_role(secrets: dict[str, str]) -> None:
    script = (ROOT / "k8s" / "components" / "backing" / "databases" / "databases.sh").read_text()
    assert "|| set -- identity payments governance compliance\n" in script
    roles = {name for name in secrets if re.fullmatch(r"\w+_(OWNER|APP|RELAY)_PASSWORD", name)}
    assert roles <= SERVICES["postgres"]["environment"].keys()
