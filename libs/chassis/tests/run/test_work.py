import aiohttp
import psycopg
from procrastinate import App, PsycopgConnector

from chassis.testing.running import eventually


async def test_a_worker_finishes_its_message_and_reports_to_operators(start, urls, get):
    process = await start("work", database_url=urls.app, database_relay_url=urls.relay)
    port = (await process.line("working"))["ops_port"]
    async with get(port, "/healthz") as response:
        assert response.status == 200
    async with get(port, "/readyz") as response:
        assert await response.json() == {"ready": True, "draining": False, "checks": {}}
    async with get(port, "/nothing") as response:
        assert response.status == 404
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        for path in ("/healthz", "/readyz", "/metrics"):
            async with session.post(path) as response:
                assert response.status == 405
            async with session.head(path) as response:
                assert (response.status, await response.read()) == (200, b"")
                assert int(response.headers["Content-Length"]) > 0
    async with get(port, "/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain")
        assert "event_loop_lag_seconds" in await response.text()
    process.terminate()
    assert await process.exit_code() == 0
    assert "message finished" in process.text


async def test_jobs_run_and_a_running_one_finishes_before_the_worker_stops(start, urls, get, tmp_path):
    process = await start("jobs", database_url=urls.app)
    port = (await process.line("working"))["ops_port"]
    marker = tmp_path / "paint"
    async with App(connector=PsycopgConnector(conninfo=urls.app)).open_async() as app:
        await app.configure_task("doors:paint").defer_async(path=str(marker))
    await eventually(marker.exists)
    async with get(port, "/readyz") as response:
        assert (await response.json())["checks"] == {"database": None, "worker": None}
    process.terminate()
    await process.line("stopping")

    async def readiness() -> tuple[int, bool, bool, str | None]:
        async with get(port, "/readyz") as response:
            report = await response.json()
            return response.status, report["ready"], report["draining"], response.headers.get("Retry-After")

    await eventually(readiness, (503, False, True, "2"))
    marker.with_suffix(".end").touch()
    assert await process.exit_code() == 0
    assert marker.read_text() == "done"
    assert (await process.line("job", name="doors:paint"))["outcome"] == "ok"
    async with await psycopg.AsyncConnection.connect(urls.app) as connection:
        rows = await (
            await connection.execute("SELECT status FROM procrastinate_jobs WHERE task_name = 'doors:paint'")
        ).fetchall()
    assert rows == [("succeeded",)]
