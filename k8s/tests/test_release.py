"""A release needs no manual deletion: Jobs are named by what they run, and a release deletes those of earlier releases."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from deploy.ci import release
from k8s.tests.rendering import K8S, OVERLAYS, SERVICES, container_of, kind, name, render, workloads

DIGESTS = {image: f"sha256:{number:064x}" for number, image in enumerate(release.IMAGES, 1)}
IMAGES = [f"{image}={digest}" for image, digest in DIGESTS.items()]
# Replaces kubectl: records its arguments, and fails if the test requires it. For `get` it returns every Job as complete, except
# that the Job of payments has the next of STUB_STATES (later the last one).
STUB = """#!/bin/bash
echo "$*" >> "$STUB_LOG"
case " $* " in *" $STUB_FAILS "*) exit 3 ;; esac
case " $* " in *" get "*) ;; *) exit 0 ;; esac
states=($STUB_STATES) asked=$(grep -c " get " "$STUB_LOG") items=
[ "$asked" -le "${#states[@]}" ] || asked=${#states[@]}
for word; do
  [[ $word = job/* ]] || continue
  state=Complete
  [[ $word != job/payments-* ]] || state=${states[asked - 1]}
  items+="${items:+,}{\\"metadata\\": {\\"name\\": \\"${word#job/}\\"},
    \\"status\\": {\\"conditions\\": [{\\"type\\": \\"$state\\", \\"status\\": \\"True\\"}]}}"
done
echo "{\\"items\\": [$items]}"
"""


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of k8s/ whose staging has a release; tests only read it."""
    copied = tmp_path_factory.mktemp("released") / "k8s"
    shutil.copytree(K8S, copied, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    set_networks(copied / "overlays" / "staging", "172.20.0.25/32")
    release.named(copied / "overlays" / "staging", DIGESTS)
    git(copied, "init", "--quiet")
    commit(copied)
    return copied


def set_networks(overlay: Path, network: str) -> None:
    values = overlay / "environment.env"
    values.write_text(re.sub("(?m)^(smtp|objects)-network=.*$", rf"\1-network={network}", values.read_text()))


def commit(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "-c", "user.name=Operator", "-c", "user.email=operator@elcorp.test", "commit", "--quiet", "--message", "Release")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, timeout=60)  # noqa: S603, S607  # the test's own folder


@pytest.fixture
def staging(released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An overlay of staging that a test may write to."""
    shutil.copytree(released, tmp_path / "k8s")
    monkeypatch.setattr(release, "OVERLAYS", tmp_path / "k8s" / "overlays")
    return tmp_path / "k8s" / "overlays" / "staging"


@dataclass(frozen=True)
class Kubectl:
    program: Path
    log: Path

    def commands(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kubectl:
    program, log = tmp_path / "kubectl", tmp_path / "log"
    program.write_text(STUB)
    program.chmod(0o755)
    monkeypatch.setenv("STUB_LOG", str(log))
    monkeypatch.setenv("STUB_FAILS", "nothing")
    monkeypatch.setenv("STUB_STATES", "Complete")
    monkeypatch.setattr(release, "POLL_SECONDS", 0)
    return Kubectl(program, log)


def apply(kubectl: Kubectl, *arguments: str) -> int:
    return release.main(["apply", "staging", "--context", "test", "--kubectl", str(kubectl.program), *arguments])


@pytest.mark.parametrize("environment", release.ENVIRONMENTS)
def test_a_written_release_matches_its_overlay(environment: str) -> None:
    documents = render(environment)
    written = release.Release.read(K8S / "overlays" / environment).jobs

    assert written == release.job_names(documents), "run deploy/ci/release.py set and commit"
    assert {name(job) for job in kind(documents, "Job")} == set(written.values())


@pytest.mark.parametrize("overlay", release.ENVIRONMENTS)
def test_images_are_named_by_digest(overlay: str) -> None:
    images = [container_of(workload)["image"] for workload in workloads(render(overlay))]

    assert [image for image in images if not re.fullmatch(rf"{release.REGISTRY}/[a-z]+@sha256:[0-9a-f]{{64}}", image)] == []


def test_other_images_create_other_jobs_and_equal_images_the_same(staging: Path) -> None:
    first = release.Release.read(staging).jobs
    other = release.named(staging, {**DIGESTS, "payments": f"sha256:{'a' * 64}"}).jobs
    again = release.named(staging, DIGESTS).jobs

    assert first == again
    assert {service for service in SERVICES if first[service] != other[service]} == {"payments"}


def test_another_setting_creates_other_jobs(staging: Path) -> None:
    first = release.Release.read(staging).jobs
    with (staging.parents[1] / "base" / "platform.env").open("a") as settings:
        settings.write("ELCORP_TOKEN_AUDIENCE=other\n")

    assert not set(release.named(staging, DIGESTS).jobs.values()) & set(first.values())


def test_a_release_can_use_the_images_of_another_environment(staging: Path) -> None:
    assert release.main(["set", "production", "--like", "staging"]) == 0

    assert release.Release.read(staging.with_name("production")).images == DIGESTS


@pytest.mark.parametrize("image", ["payments=0.1.0", "payments=sha256:12", "other=sha256:" + "a" * 64])
def test_an_image_can_only_be_set_by_its_digest(staging: Path, image: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert release.main(["set", "staging", image]) == 1
    assert "does not name an image and its digest" in capsys.readouterr().err
    assert release.Release.read(staging).images == DIGESTS


def test_a_release_applies_waits_and_then_deletes_superseded_objects(staging: Path, kubectl: Kubectl) -> None:
    assert apply(kubectl) == 0

    jobs = " ".join(f"job/{job}" for job in release.Release.read(staging).jobs.values())
    allowed = "--prune-allowlist=core/v1/ConfigMap --prune-allowlist=batch/v1/Job"
    everything = "-l app.kubernetes.io/part-of=elcorp"
    assert kubectl.commands() == [
        f"--context test apply -k {staging} {everything}",
        f"--context test -n elcorp get -o json {jobs}",
        f"--context test -n elcorp rollout status deployment {everything} --timeout=1320s",
        f"--context test apply -k {staging} --prune {everything} {allowed}",
    ]


def test_services_can_be_rolled_out_first_and_last(released: Path) -> None:
    found = list(release.steps(released / "overlays/staging", ["kubectl"], first=["governance"], last=["identity"]))
    verbs = ["wait" if isinstance(step, release.Migrations) else _verb(step) for step in found]
    selected = [
        re.findall(r"notin \((.*)\)", step[-1]) for step in found if not isinstance(step, release.Migrations) and "-k" in step
    ]
    waited = [[job.partition("-")[0] for job in step.jobs] for step in found if isinstance(step, release.Migrations)]

    assert verbs == ["apply", "wait", "rollout"] * 3 + ["apply"]
    assert selected == [["gateway,identity,payments,compliance"], ["identity"], [], []]
    assert waited == [["governance"], ["payments", "compliance"], ["identity"]]


@pytest.mark.parametrize(("fails", "run"), [("apply", 1), ("get", 2), ("rollout", 3), ("--prune", 4)])
def test_a_release_stops_at_the_first_step_that_fails(
    released: Path, kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch, fails: str, run: int
) -> None:
    monkeypatch.setenv("STUB_FAILS", fails)

    assert release.carry_out(release.steps(released / "overlays/staging", [str(kubectl.program)])) == 3
    assert len(kubectl.commands()) == run


def test_an_environment_without_a_release_is_not_applied(
    staging: Path, kubectl: Kubectl, capsys: pytest.CaptureFixture[str]
) -> None:
    written = release.Release.read(staging)
    replace(written, images={**DIGESTS, "payments": release.NO_DIGEST}).write(staging)

    assert apply(kubectl) == 1
    assert "staging has no image of payments yet" in capsys.readouterr().err
    assert kubectl.commands() == []


def test_a_stale_release_is_not_applied(staging: Path, kubectl: Kubectl, capsys: pytest.CaptureFixture[str]) -> None:
    written = release.Release.read(staging)
    replace(written, jobs={**written.jobs, "payments": "payments-migrate-0123456789"}).write(staging)

    assert apply(kubectl) == 1
    assert "release is stale" in capsys.readouterr().err
    assert kubectl.commands() == []


def test_a_release_waits_until_every_migration_is_complete(
    staging: Path, kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUB_STATES", "Suspended Suspended Complete")

    assert apply(kubectl) == 0
    assert [_verb(command.split()) for command in kubectl.commands()] == ["apply", "get", "get", "get", "rollout", "apply"]


def test_a_failed_migration_stops_a_release_and_is_named(
    staging: Path, kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STUB_STATES", "Failed")

    assert apply(kubectl) == 1
    assert f"{release.Release.read(staging).jobs['payments']} failed" in capsys.readouterr().err
    assert [_verb(command.split()) for command in kubectl.commands()] == ["apply", "get"]


def test_a_migration_that_never_completes_stops_a_release(
    staging: Path, kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(release, "MIGRATIONS_SECONDS_MAX", 0)

    assert apply(kubectl) == 1
    assert "are not complete after 0 s" in capsys.readouterr().err


def test_without_a_named_cluster_nothing_is_applied(staging: Path, kubectl: Kubectl, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        release.main(["apply", "staging", "--kubectl", str(kubectl.program)])
    assert "--context" in capsys.readouterr().err
    assert kubectl.commands() == []


def test_a_relay_with_a_documentation_address_is_not_applied(
    staging: Path, kubectl: Kubectl, capsys: pytest.CaptureFixture[str]
) -> None:
    set_networks(staging, "203.0.113.25/32")
    release.named(staging, DIGESTS)
    commit(staging)

    assert apply(kubectl) == 1
    assert "staging lets traffic out to 203.0.113.25/32" in capsys.readouterr().err
    assert kubectl.commands() == []


@pytest.mark.parametrize("network", ["192.0.2.25/32", "198.51.100.0/24", "203.0.113.0/25", "2001:db8::1/128", "0.0.0.0/0"])
def test_documentation_addresses_are_found(network: str) -> None:
    documents = render("staging")
    outside = [each for each in kind(documents, "NetworkPolicy") if name(each) in {"identity-mail", "payments-objects"}]
    [mail, objects] = [policy["spec"]["egress"][0]["to"][0]["ipBlock"] for policy in outside]
    for unset, other in ((mail, objects), (objects, mail)):
        unset["cidr"], other["cidr"] = network, "172.20.0.25/32"
        assert release.unset_networks(documents) == [network]

    mail["cidr"] = objects["cidr"] = "172.20.0.25/32"
    assert release.unset_networks(documents) == []


def test_uncommitted_changes_are_not_applied(staging: Path, kubectl: Kubectl, capsys: pytest.CaptureFixture[str]) -> None:
    with (staging / "kustomization.yaml").open("a") as file:
        file.write("# A change.\n")

    assert apply(kubectl) == 1
    assert "staging/kustomization.yaml" in capsys.readouterr().err
    assert kubectl.commands() == []


def test_no_service_can_be_rolled_out_both_first_and_last(
    staging: Path, kubectl: Kubectl, capsys: pytest.CaptureFixture[str]
) -> None:
    assert apply(kubectl, "--first", "identity", "--last", "identity") == 1
    assert "identity cannot roll out both first and last" in capsys.readouterr().err
    assert kubectl.commands() == []


def test_like_requires_the_environment_that_gets_the_images(staging: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = release.Release.read(staging.with_name("production"))

    assert release.main(["set", "--like", "staging"]) == 1
    assert "--like needs the environment" in capsys.readouterr().err
    assert release.Release.read(staging.with_name("production")) == before


def test_a_reader_finds_the_former_release_complete_while_the_next_is_written(staging: Path) -> None:
    file = staging / "release" / "kustomization.yaml"
    former = file.read_text()

    with file.open() as reader:
        replace(release.Release.read(staging), images={**DIGESTS, "payments": f"sha256:{'a' * 64}"}).write(staging)
        assert reader.read() == former
    assert file.read_text() != former
    assert [each.name for each in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("lines", [0, 4, 8, 14])
def test_a_half_written_release_is_refused_and_named(staging: Path, lines: int, capsys: pytest.CaptureFixture[str]) -> None:
    file = staging / "release" / "kustomization.yaml"
    file.write_text("\n".join(file.read_text().splitlines()[:lines]))

    assert release.main(["set", "staging"]) == 1
    assert str(file) in capsys.readouterr().err


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_document_has_the_label_by_which_a_release_deletes(overlay: str) -> None:
    key, _, value = release.PART_OF.partition("=")

    for document in render(overlay):
        assert document["metadata"]["labels"][key] == value


def test_a_release_waits_longer_than_a_migration_and_a_rollout_may_take() -> None:
    for document in render("production"):
        if document["kind"] == "Job":
            assert document["spec"]["activeDeadlineSeconds"] < release.MIGRATIONS_SECONDS_MAX
        if document["kind"] == "Deployment":
            assert document["spec"]["progressDeadlineSeconds"] < release.ROLLOUT_SECONDS_MAX


def _verb(command: Sequence[str]) -> str:
    return next(word for word in command if word in {"apply", "get", "rollout"})
