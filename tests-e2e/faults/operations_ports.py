"""What the processes of a platform report at their operations ports."""

import httpx
from journey import until
from prometheus_client.parser import text_string_to_metric_families

from elcorp_local.platform import Platform


async def recovered(platform: Platform) -> None:
    """Wait until every process, and so each replica of it, has no failing check."""
    async with httpx.AsyncClient(timeout=120) as client:

        async def nothing_fails(url: str) -> bool:
            try:
                response = await client.get(url)
            except httpx.TransportError:
                return False
            return response.is_success and not any(response.json()["checks"].values())

        for name, process in platform.supervisor.processes.items():
            url = process.ready_url
            await until(lambda url=url: nothing_fails(url), f"{name} to recover", seconds_max=120)  # type: ignore[misc]


async def handled(platform: Platform) -> dict[str, dict[str, float]]:
    """Return how many requests and calls each process has handled, by the metric and the process' name."""
    counts: dict[str, dict[str, float]] = {
        metric: {} for metric in ("gateway_request_seconds", "http_server_seconds", "rpc_server_seconds")
    }
    async with httpx.AsyncClient(timeout=120) as client:
        for name, process in platform.supervisor.processes.items():
            text = (await client.get(process.ready_url.replace("/readyz", "/metrics"))).text
            for family in text_string_to_metric_families(text):
                if family.name in counts:
                    counts[family.name][name] = sum(one.value for one in family.samples if one.name.endswith("_count"))
    return counts
