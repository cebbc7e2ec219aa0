"""The checklist for every pod: Pod Security Standards' restricted profile and more; probes, resources, an orderly stop."""

import pytest

from chassis.rpc.server import CONNECTION_AGE_MS_MAX
from k8s.tests.rendering import (
    OVERLAYS,
    POOLER,
    Document,
    component_of,
    config_map,
    container_of,
    environment,
    kind,
    name,
    ours,
    pod_of,
    process_name,
    render,
    workloads,
)

UID = 10001
SPARE_SECONDS = 5
# CoreDNS allows caching names of Services for 5 s, and so does a NodeLocal DNSCache behind it.
DNS_SECONDS_MAX = 10
# Between the start of a release and that of its migration, the image is pulled and the pod scheduled.
START_SPARE_SECONDS = 120


def every(overlay: str) -> list[Document]:
    return workloads(render(overlay))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_namespaces_enforce_the_restricted_profile(overlay: str) -> None:
    for namespace in kind(render(overlay), "Namespace"):
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_run_without_privileges(overlay: str) -> None:
    for workload in every(overlay):
        pod, container = pod_of(workload), container_of(workload)
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert all("hostPath" not in volume for volume in pod["volumes"])
        assert "initContainers" not in pod


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_run_as_the_images_user_with_a_service_account_without_rights(overlay: str) -> None:
    documents = render(overlay)
    accounts = {name(each): each for each in kind(documents, "ServiceAccount")}
    # The pooler too.
    own = [each for each in workloads(documents) if each["metadata"]["namespace"] == "elcorp"]

    assert {name(each) for each in ours(documents)} < {name(each) for each in own} or overlay == "local"
    for workload in own:
        pod = pod_of(workload)
        assert {pod["securityContext"][key] for key in ("runAsUser", "runAsGroup", "fsGroup")} == {UID}
        assert not {"runAsUser", "runAsGroup"} & container_of(workload)["securityContext"].keys()
        assert accounts[pod["serviceAccountName"]]["automountServiceAccountToken"] is False


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_mounted_volumes_are_writable_and_they_are_limited(overlay: str) -> None:
    for workload in every(overlay):
        volumes = {volume["name"]: volume for volume in pod_of(workload)["volumes"]}
        mounts = {mount["name"]: mount for mount in container_of(workload)["volumeMounts"]}
        assert mounts["tmp"]["mountPath"] == "/tmp"  # noqa: S108  # the one place a process may write
        assert all("sizeLimit" in volume["emptyDir"] for volume in volumes.values() if "emptyDir" in volume)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_memory_is_guaranteed_and_cpu_never_throttled(overlay: str) -> None:
    for workload in every(overlay):
        resources = container_of(workload)["resources"]
        assert resources["requests"]["memory"] == resources["limits"]["memory"]
        assert "cpu" in resources["requests"]
        assert "cpu" not in resources["limits"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_long_running_processes_are_probed(overlay: str) -> None:
    for workload in every(overlay):
        container = container_of(workload)
        probes = {"startupProbe", "livenessProbe", "readinessProbe"}
        assert probes & container.keys() == (set() if workload["kind"] == "Job" else probes)
    for workload in ours(render(overlay)):
        if workload["kind"] == "Deployment":
            container = container_of(workload)
            assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
            # Readiness and metrics are for operators; no port that clients can reach has them.
            assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "ops"}
            named = {port["name"] for port in container["ports"]}
            assert {container[probe]["httpGet"]["port"] for probe in ("livenessProbe", "readinessProbe")} <= named


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_grpc_answers_before_a_pod_counts_as_started(overlay: str) -> None:
    for workload in ours(render(overlay)):
        container = container_of(workload)
        numbers = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
        if "grpc" in numbers:
            assert container["startupProbe"]["grpc"]["port"] == numbers.get("grpc-health", numbers["grpc"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_release_never_has_fewer_pods(overlay: str) -> None:
    for deployment in kind(render(overlay), "Deployment"):
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_of_one_deployment_are_spread(overlay: str) -> None:
    for deployment in kind(render(overlay), "Deployment"):
        constraints = pod_of(deployment)["topologySpreadConstraints"]
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert [each["topologyKey"] for each in constraints] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
        for constraint in constraints:
            assert constraint["labelSelector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_of_production_are_spread_over_zones_or_not_started(overlay: str) -> None:
    for deployment in kind(render(overlay), "Deployment"):
        host, zone = pod_of(deployment)["topologySpreadConstraints"]
        assert host["whenUnsatisfiable"] == "ScheduleAnyway"
        assert zone["whenUnsatisfiable"] == ("DoNotSchedule" if overlay == "production" else "ScheduleAnyway")
        # Pods of the previous release do not count; otherwise the first pods of the next would find no zone.
        assert "pod-template-hash" in zone["matchLabelKeys"]
        if overlay == "production":
            # A zone that is down does not count as room for pods.
            assert zone["nodeTaintsPolicy"] == "Honor"
            assert "minDomains" not in zone


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_for_payments_have_the_highest_priority_and_jobs_the_lowest(overlay: str) -> None:
    documents = render(overlay)
    values = {name(each): each["value"] for each in kind(documents, "PriorityClass")}
    # The classes are for the platform's pods, not for other tenants' pods without a class.
    assert [name(each) for each in kind(documents, "PriorityClass") if each.get("globalDefault")] == []
    given = {process_name(each): values[pod_of(each)["priorityClassName"]] for each in ours(documents)}
    jobs = {each for each in given if each.endswith("-jobs")}
    # Payments asks compliance to screen, and everything asks the pooler for a connection.
    waited_for = {"gateway", "identity", "payments", "compliance", "pooler"} & given.keys()

    assert len({given[each] for each in waited_for}) == len({given[each] for each in jobs}) == 1
    for each in given.keys() - waited_for - jobs:
        assert max(given[one] for one in jobs) < given[each] < min(given[one] for one in waited_for)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_draining_a_node_evicts_one_pod_of_a_deployment_at_a_time(overlay: str) -> None:
    documents = render(overlay)
    budgets = {name(each): each["spec"] for each in kind(documents, "PodDisruptionBudget")}

    assert budgets.keys() == {name(each) for each in kind(documents, "Deployment")}
    assert {budget["maxUnavailable"] for budget in budgets.values()} == {1}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_has_time_to_finish_its_work_in_progress(overlay: str) -> None:
    documents = render(overlay)
    platform = config_map(documents, "platform")
    asked = float(platform["ELCORP_DRAIN_SECONDS"]) + float(platform["ELCORP_SHUTDOWN_SECONDS"])

    for deployment in kind(documents, "Deployment"):
        pause = container_of(deployment).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert pod_of(deployment)["terminationGracePeriodSeconds"] >= pause + asked + SPARE_SECONDS
        # Processes that receive requests keep serving while load balancers learn of the stop.
        assert (pause > 0) == (component_of(deployment) in {"serve", POOLER})


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_callers_have_left_a_pod_before_it_stops(overlay: str) -> None:
    documents = render(overlay)
    platform = config_map(documents, "platform")
    # gRPC keeps a connection up to 10 % longer; then the caller queries DNS again, which may return a cached answer.
    leaving_seconds = CONNECTION_AGE_MS_MAX * 1.1 / 1000 + DNS_SECONDS_MAX

    for deployment in (each for each in ours(documents) if component_of(each) == "serve"):
        pause = container_of(deployment)["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pause + float(platform["ELCORP_DRAIN_SECONDS"]) >= leaving_seconds


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_waits_longer_than_a_migration_takes_and_a_rollout_longer_than_a_pod(overlay: str) -> None:
    documents = render(overlay)
    migration = max(job["spec"]["activeDeadlineSeconds"] for job in kind(documents, "Job"))
    deployments = [each for each in ours(documents) if each["kind"] == "Deployment" and _waits_for_a_schema(each)]

    assert {component_of(each) for each in deployments} == {"serve", "worker", "jobs"}
    for deployment in deployments:
        probe = container_of(deployment)["startupProbe"]
        start = probe["periodSeconds"] * probe["failureThreshold"] + probe.get("initialDelaySeconds", 0)
        assert start >= migration + START_SPARE_SECONDS
        assert (
            deployment["spec"]["progressDeadlineSeconds"] >= start + deployment["spec"]["minReadySeconds"] + START_SPARE_SECONDS
        )


def _waits_for_a_schema(deployment: Document) -> bool:
    """Every service does; the gateway has no database."""
    return "ELCORP_DATABASE_URL" in dict(environment(deployment))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_migrations_end_by_themselves(overlay: str) -> None:
    for job in kind(render(overlay), "Job"):
        assert job["spec"]["activeDeadlineSeconds"] <= 900
        # If a release deletes Jobs, they must not expire, because a GitOps tool would create them again.
        assert ("ttlSecondsAfterFinished" in job["spec"]) == (overlay == "local")
        assert pod_of(job)["restartPolicy"] == "Never"
