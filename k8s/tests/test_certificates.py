"""Each process that serves or calls gRPC has its service's certificate, and no other process has it."""

import ast
import re
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import ValidationError

from chassis.rpc.callers import certifies
from chassis.settings import ServiceSettings
from deploy.ci import release
from k8s.tests import calls
from k8s.tests.called_peers import BEGINNINGS, called_from, connected_elsewhere, functions_of, peers_of
from k8s.tests.contexts import SETTINGS
from k8s.tests.foreign import Certificate
from k8s.tests.rendering import (
    K8S,
    SERVICES,
    Document,
    config_map,
    container_of,
    environment,
    kind,
    name,
    ours,
    pod_of,
    render,
    render_component,
)

WITH_TLS = ["staging", "production"]
FILES = {"CERT": "tls.crt", "KEY": "tls.key", "CA": "ca.crt"}

# A service and a role.
Process = tuple[str, str]


def answering() -> set[Process]:
    return {(service, "serve") for method in calls.methods() for service in calls.contexts_of(method.full_name)}


def calling() -> set[Process]:
    return {(service, role) for service in SERVICES for role in BEGINNINGS if peers_of(service, role)}


def process_of(workload: Document) -> Process:
    _, _, service, role = container_of(workload)["command"]
    return service, role


def certified(documents: list[Document]) -> Iterator[tuple[Process, str]]:
    """Yield each process with a mounted certificate, and its Secret."""
    for workload in ours(documents):
        volumes = {volume["name"]: volume for volume in pod_of(workload)["volumes"]}
        if "tls" in volumes:
            yield process_of(workload), volumes["tls"]["secret"]["secretName"]


@pytest.mark.parametrize("overlay", WITH_TLS)
def test_exactly_the_processes_that_serve_or_call_peers_have_certificates(overlay: str) -> None:
    expected = {((service, role), f"{service}-tls") for service, role in answering() | calling()}

    assert set(certified(render(overlay))) == expected
    assert len(expected) == 8


@pytest.mark.parametrize("overlay", WITH_TLS)
def test_certificates_are_mounted_at_the_paths_in_the_settings(overlay: str) -> None:
    for workload in ours(render(overlay)):
        mounts = {mount["name"]: mount["mountPath"] for mount in container_of(workload)["volumeMounts"]}
        given = {variable: value.get("value") for variable, value in environment(workload)}
        named = {part: given.get(f"ELCORP_TLS_{part}_FILE") for part in (*FILES, "OTHER_CA")}
        if process_of(workload) in answering() | calling():
            own = {part: f"{mounts['tls']}/{file}" for part, file in FILES.items()}
            assert named == own | {"OTHER_CA": f"{mounts['tls-other']}/ca.crt"}
        else:
            assert set(named.values()) == {None}
            assert mounts.keys().isdisjoint({"tls", "tls-other"})
        # The other processes answer no gRPC calls.
        answers = process_of(workload) in answering()
        assert (given.get("ELCORP_GRPC_HEALTH_PORT") is not None) == answers


@pytest.mark.parametrize("overlay", WITH_TLS)
def test_the_authority_s_key_is_not_mounted(overlay: str) -> None:
    documents = render(overlay)
    authorities = {each["spec"]["secretName"] for each in kind(documents, "Certificate") if each["spec"].get("isCA")}
    mounted = {
        volume["secret"]["secretName"]: volume["secret"].get("optional", False)
        for workload in ours(documents)
        for volume in pod_of(workload)["volumes"]
        if "secret" in volume
    }

    assert authorities == {authority_of(documents)}
    assert authorities.isdisjoint(mounted)
    # Present only while the authority is replaced.
    assert mounted["internal-ca-other"]


def test_an_environment_replaces_only_its_own_authority(tmp_path: Path) -> None:
    shutil.copytree(K8S, tmp_path / "k8s", ignore=shutil.ignore_patterns("tests", "__pycache__"))
    overlays = tmp_path / "k8s" / "overlays"
    written = overlays / "staging" / "environment.env"
    written.write_text(re.sub("(?m)^internal-authority=.*$", "internal-authority=another", written.read_text()))

    for overlay, expected in (("staging", "another"), ("production", authority_of(render("production")))):
        documents = release.render(overlays / overlay)
        [authority] = [each for each in kind(documents, "Certificate") if each["spec"].get("isCA")]
        [internal] = [each for each in kind(documents, "Issuer") if name(each) == "internal"]
        assert (name(authority), authority["spec"]["secretName"], internal["spec"]["ca"]["secretName"]) == (expected,) * 3


@pytest.mark.parametrize("service", SERVICES)
def test_processes_open_their_channels_in_the_bootstrap(service: str) -> None:
    """The test above would not find them elsewhere."""
    assert connected_elsewhere(service) == set()


@pytest.mark.parametrize("settings", SETTINGS, ids=[settings.NAME for settings in SETTINGS])
def test_a_service_s_processes_call_the_peers_that_its_settings_name(settings: type[ServiceSettings]) -> None:
    found = {role: peers_of(settings.NAME, role) for role in BEGINNINGS}

    assert set().union(*found.values()) == set(settings.PEERS)
    assert found["jobs"] == set(import_module(f"{settings.NAME}.bootstrap").SERVICE.job_peers)


def test_a_channel_is_found_anywhere_in_a_process() -> None:
    source = """
def jobs(settings):
    return parts(settings)

def parts(settings):
    yield connect(settings, "identity")

async def working(settings):
    async with service_resources(settings) as own:
        yield own

async def serving(settings):
    async with service_resources(settings, bundle_source=local):
        yield database.connect(url)
"""
    source += """
async def at_work(settings):
    async with worker_resources(settings, PUBLICATIONS) as worker:
        yield worker.working(consumed(worker.peer("payments")))
"""
    functions = functions_of([ast.parse(source)])
    assert called_from(functions, "at_work") == {"payments"}
    assert called_from(functions, "jobs") == {"identity"}
    assert called_from(functions, "working") == {"governance"}
    assert called_from(functions, "serving") == set()
    with pytest.raises(NotImplementedError):
        called_from(functions_of([ast.parse("def jobs(settings): connect(settings, peer)")]), "jobs")
    with pytest.raises(NotImplementedError):
        called_from(functions_of([ast.parse("def working(worker): worker.peer(name)")]), "working")


def authority_of(documents: list[Document]) -> str:
    """Return the name of the environment's authority."""
    return config_map(documents, "environment")["internal-authority"]


def leaves(documents: list[Document]) -> dict[str, Document]:
    """Return the certificates of services, by their Secrets."""
    return {each["spec"]["secretName"]: each["spec"] for each in kind(documents, "Certificate") if not each["spec"].get("isCA")}


@pytest.mark.parametrize("overlay", WITH_TLS)
def test_certificates_have_the_names_that_peers_expect(overlay: str) -> None:
    documents = render(overlay)
    platform = config_map(documents, "platform")
    found = leaves(documents)

    assert found.keys() == {secret for _, secret in certified(documents)}
    for service in SERVICES:
        names = found[f"{service}-tls"]["dnsNames"]
        scheme, _, target = platform[f"ELCORP_{service.upper()}_TARGET"].partition(":///")
        # A TLS client compares the host of the target with the certificate, whatever address the name resolves to.
        assert scheme == "dns"
        assert target.rpartition(":")[0] in names
        assert {each for each in SERVICES if certifies(each, names)} == {service}


@pytest.mark.parametrize("overlay", WITH_TLS)
def test_certificates_have_one_authority_and_last_a_day(overlay: str) -> None:
    documents = render(overlay)
    issuers = {name(each): each["spec"] for each in kind(documents, "Issuer")}
    [authority] = [each["spec"] for each in kind(documents, "Certificate") if each["spec"].get("isCA")]

    assert issuers[authority["issuerRef"]["name"]] == {"selfSigned": {}}
    # Renewed with the same key; otherwise peers with certificates from before and after the renewal would not trust each other.
    assert authority["privateKey"]["rotationPolicy"] == "Never"
    for leaf in leaves(documents).values():
        assert issuers[leaf["issuerRef"]["name"]] == {"ca": {"secretName": authority["secretName"]}}
        assert {"client auth", "server auth"} <= set(leaf["usages"])
        assert leaf["privateKey"] == {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"}
        assert (leaf["duration"], leaf["renewBefore"]) == ("24h", "8h")


@pytest.mark.parametrize("broken", [{"duraton": "24h"}, {"privateKey": {"algorithm": "RSA", "size": 512}}, {"dnsNames": []}])
def test_the_schema_of_certificates_refuses_errors(broken: Document) -> None:
    [document, *_] = kind(render_component("mtls"), "Certificate")
    Certificate.model_validate(document)

    with pytest.raises(ValidationError):
        Certificate.model_validate(document | {"spec": document["spec"] | broken})


def test_without_the_component_there_is_no_certificate() -> None:
    documents = render("local")

    assert list(certified(documents)) == []
    assert all("ELCORP_TLS_CERT_FILE" not in dict(environment(each)) for each in ours(documents))
