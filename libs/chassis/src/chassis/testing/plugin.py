"""The pytest plugin: real PostgreSQL, RabbitMQ and Redis for tests, with each test isolated from the others.

The servers come from the environment (ELCORP_TEST_POSTGRES_URL, ELCORP_TEST_RABBITMQ_URL with
ELCORP_TEST_RABBITMQ_MANAGEMENT_URL, ELCORP_TEST_REDIS_URL). Otherwise the registered provider (see `chassis.testing.backing`)
starts private ones, once per run: at the first test that needs one, or during the collection if several workers share them (`-n
2`).
"""

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
import pytest_asyncio
import structlog

from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases
from chassis.testing.running import end_tasks
from chassis.testing.servers import Servers, SharedServers, ask_for_servers, shared_servers, started

# Redis has 16 databases; the first is for a platform that a test starts.
_REDIS_DATABASES = 15


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("elcorp")
    group.addoption("--stress", action="store_true", help="keep every core busy with other work while the tests run")
    group.addoption("--explore", action="store_true", help="let Hypothesis draw other examples in each run")
    group.addoption(
        "--write-durations", action="store_true", help="record the duration of each file, for the order of later runs"
    )
    parser.addini("file_durations", "the file with the duration of each test file", default="test_durations.json")
    parser.addini("run_together", "folders whose test files one worker runs, one by one, because of a costly fixture", "linelist")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    # Test servers have default accounts, which stricter environments refuse. Set this before any conftest is imported: some of
    # them make settings.
    os.environ.setdefault("ELCORP_ENVIRONMENT", "local")
    # gRPC's fork handlers sometimes crash a child (SIGSEGV, 3 of 150) while another thread is in a call, for example
    # PostgreSQL's initdb, which is started as another user. Our children only start programs, and do not need the handlers.
    os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"


def pytest_configure(config: pytest.Config) -> None:
    from hypothesis import settings  # noqa: PLC0415  # the plugin loads in every pytest run; keep it light

    # No deadline, because the time of an example depends on the machine. The same examples in each run, so that no commit fails
    # because of another commit's defect.
    settings.register_profile("elcorp", deadline=None, derandomize=not config.getoption("explore"), database=None)
    settings.load_profile("elcorp")
    # Rendering a traceback with all variables takes seconds, and some tests raise errors on purpose.
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])
    if not hasattr(config, "workerinput"):
        _configure_controller(config)


def _configure_controller(config: pytest.Config) -> None:
    plugins = config.pluginmanager
    # Stop the servers also when the run ends by a signal other than Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    if not config.getoption("collectonly"):
        from chassis.testing.leftovers import Leftovers  # noqa: PLC0415  # as above

        plugins.register(Leftovers())
    if config.getoption("stress"):
        from chassis.testing.stress import Stress  # noqa: PLC0415  # as above

        plugins.register(Stress())
    if config.getoption("numprocesses", None) and not config.getoption("collectonly"):
        from chassis.testing.distribution import Progress  # noqa: PLC0415  # as above

        plugins.register(Progress(config))
        if Servers.from_environment() is None:
            plugins.register(SharedServers(at_once=config.args_source is pytest.Config.ArgsSource.TESTPATHS))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    # Tests wait for servers and processes a third of their time: one worker more than cores keeps the cores busy.
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        from chassis.testing.distribution import in_good_order, needs_servers  # noqa: PLC0415  # as above

        in_good_order(config, items)
        if any(needs_servers(item) for item in items):
            ask_for_servers(config)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    # Thousands of tests and their imports live until the end: scanning them again and again finds no garbage.
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    found = Servers.from_environment() or shared_servers(request.config)
    if found:
        yield found
        return
    with started(tmp_path_factory.mktemp("backing")) as own:
        yield own


@pytest_asyncio.fixture(scope="session")
async def databases(servers: Servers) -> AsyncIterator[Databases]:
    databases = Databases(servers.postgres_url, server_is_lasting=servers.lasting)
    yield databases
    await databases.close()


@pytest_asyncio.fixture(autouse=True)
async def _tasks_end() -> AsyncIterator[None]:
    """Cancel the tasks that a test leaves running, because the next test uses the same loop."""
    before = asyncio.all_tasks()
    yield
    await end_tasks(before)


@pytest.fixture
def clock() -> ControlledClock:
    return ControlledClock()


@pytest.fixture(scope="session")
def broker_url(servers: Servers) -> Iterator[str]:
    from chassis.testing.broker import virtual_host  # noqa: PLC0415  # as above

    with virtual_host(servers.rabbitmq_url, servers.rabbitmq_management_url) as url:
        yield url


@pytest.fixture
def redis_url(request: pytest.FixtureRequest, servers: Servers) -> str:
    """The URL of one of Redis' numbered databases for each worker, emptied."""
    from redis import Redis  # noqa: PLC0415  # as above

    # On servers that other sessions may use too, choose by the process id.
    number = os.getpid() if servers.lasting else worker_number(request.config)
    url = f"{servers.redis_url.rstrip('/').removesuffix('/0')}/{number % _REDIS_DATABASES + 1}"
    with Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest_asyncio.fixture
async def fault_proxy() -> AsyncIterator[Callable[[str, int], Awaitable[object]]]:
    from chassis.testing.faults import FaultProxy  # noqa: PLC0415  # as above

    proxies: list[FaultProxy] = []

    async def start(host: str, port: int) -> FaultProxy:
        proxy = await FaultProxy.start(host, port)
        proxies.append(proxy)
        return proxy

    yield start
    for proxy in proxies:
        await proxy.close()


def worker_number(config: pytest.Config) -> int:
    """Return 0, 1, 2 … for the workers that share the servers."""
    worker: str = getattr(config, "workerinput", {}).get("workerid", "gw0")
    return int(worker.removeprefix("gw"))
