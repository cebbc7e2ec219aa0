"""All four kinds of RPC pass the guard, message by message, on a real server and a real channel."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

import grpc
import pytest
from grpc import aio
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from chassis import telemetry
from chassis.rpc import RemoteError, RemoteUnavailable, RpcServer, RpcService, caller, reading, remaining_seconds, within
from chassis.telemetry.context import acting_subject
from chassis.testing.running import eventually
from elcorp.compliance.v1.compliance_pb2 import ScreenTransfersRequest, ScreenTransfersResponse, Verdict
from elcorp.options.v1 import options_pb2
from kernel.errors import DomainError, Kind, Unavailable
from libs.chassis.tests.rpc.made_contracts import contract, method

ACCESS = options_pb2.MethodAccess(callers=["payments"])
MESSAGES: dict[str, Any] = {
    "takes": ".elcorp.compliance.v1.ScreenTransfersRequest",
    "returns": ".elcorp.compliance.v1.ScreenTransfersResponse",
}
STREAMS = contract(
    "streams",
    method("Ask", ACCESS, **MESSAGES),
    method("Read", ACCESS, **MESSAGES, responses_stream=True),
    method("Send", ACCESS, **MESSAGES, requests_stream=True),
    method("Talk", ACCESS, **MESSAGES, requests_stream=True, responses_stream=True),
)
KINDS = ["Ask", "Read", "Send", "Talk"]
GRPC_KINDS = {"Ask": "unary_unary", "Read": "unary_stream", "Send": "stream_unary", "Talk": "stream_stream"}
Requests = Sequence[ScreenTransfersRequest] | AsyncIterator[ScreenTransfersRequest]
METRICS = ("rpc_server_seconds", "rpc_client_seconds")
INVALID = ScreenTransfersRequest()
# More than a connection buffers for a reader that does not read.
LARGE = ScreenTransfersResponse(verdicts=[Verdict(reason="x" * 1000)] * 200)


class Refused(DomainError):
    """The list has ended."""

    kind = Kind.REFUSED
    code = "LIST_001"


async def nothing(_number: int) -> None:
    await asyncio.sleep(0)


class Servicer:
    """Answers each request of a stream, or one request `count` times; `before` runs before each answer."""

    def __init__(self) -> None:
        self.received: list[ScreenTransfersRequest] = []
        self.before: Callable[[int], Any] = nothing
        # Runs after the last request of a stream.
        self.after: Callable[[int], Any] = nothing
        self.count = 3
        self.entered, self.ended = asyncio.Event(), asyncio.Event()
        self.answer = ScreenTransfersResponse(verdicts=[Verdict(clear=True)])

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        self.entered.set()
        try:
            yield
        finally:
            self.ended.set()

    async def ask(self, request: ScreenTransfersRequest, _context: Any) -> ScreenTransfersResponse:
        async with self.serving():
            self.received.append(request)
            await self.before(0)
            return self.answer

    async def read(self, request: ScreenTransfersRequest, _context: Any) -> AsyncGenerator[ScreenTransfersResponse, None]:
        async with self.serving():
            self.received.append(request)
            for number in range(self.count):
                await self.before(number)
                yield self.answer

    async def send(self, requests: AsyncIterator[ScreenTransfersRequest], _context: Any) -> ScreenTransfersResponse:
        async with self.serving():
            async for request in requests:
                self.received.append(request)
                await self.before(len(self.received) - 1)
            await self.after(len(self.received))
            return self.answer

    async def talk(
        self, requests: AsyncIterator[ScreenTransfersRequest], _context: Any
    ) -> AsyncGenerator[ScreenTransfersResponse, None]:
        async with self.serving():
            async for request in requests:
                self.received.append(request)
                await self.before(len(self.received) - 1)
                yield self.answer
            await self.after(len(self.received))


class ByContext(Servicer):
    """Reads and writes by the context, gRPC's other style."""

    async def read(self, request: ScreenTransfersRequest, context: Any) -> None:  # type: ignore[override]
        async with aclosing(super().read(request, context)) as answers:
            async for answer in answers:
                await context.write(answer)

    async def send(self, _requests: Any, context: Any) -> ScreenTransfersResponse:
        return await super().send(self._all(context), context)

    async def talk(self, _requests: Any, context: Any) -> None:  # type: ignore[override]
        async with aclosing(super().talk(self._all(context), context)) as answers:
            async for answer in answers:
                await context.write(answer)

    async def _all(self, context: Any) -> AsyncIterator[ScreenTransfersRequest]:
        while (request := await context.read()) is not aio.EOF:
            yield request


def add(servicer: Servicer, server: aio.Server) -> None:
    handlers = {
        name: getattr(grpc, f"{GRPC_KINDS[name]}_rpc_method_handler")(
            getattr(servicer, name.lower()), ScreenTransfersRequest.FromString, ScreenTransfersResponse.SerializeToString
        )
        for name in KINDS
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(STREAMS, handlers),))


@pytest.fixture(params=[Servicer, ByContext], ids=["iterators", "context"])
async def servicer(request: pytest.FixtureRequest) -> Servicer:
    made: Servicer = request.param()
    return made


@pytest.fixture
async def server(serve: Any, screening: Any, servicer: Servicer) -> AsyncIterator[RpcServer]:
    async with serve(screening, RpcService(add, servicer, STREAMS)) as server:
        yield server


@pytest.fixture
async def channel(server: RpcServer, connect_to: Any) -> AsyncIterator[aio.Channel]:
    async with connect_to(f"127.0.0.1:{server.port}") as channel:
        await channel.channel_ready()
        yield channel


@pytest.fixture
async def plain_channel(server: RpcServer) -> AsyncIterator[aio.Channel]:
    async with aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        await channel.channel_ready()
        yield channel


def start(channel: aio.Channel, name: str, requests: Requests, **options: Any) -> Any:
    made = getattr(channel, GRPC_KINDS[name])(
        f"/{STREAMS}/{name}",
        request_serializer=ScreenTransfersRequest.SerializeToString,
        response_deserializer=ScreenTransfersResponse.FromString,
    )
    if isinstance(requests, AsyncIterator):
        return made(requests, **options)
    return made(all_of(requests) if name in {"Send", "Talk"} else requests[0], **options)


async def all_of(requests: Sequence[ScreenTransfersRequest]) -> AsyncIterator[ScreenTransfersRequest]:
    for request in requests:
        yield request


async def answers(call: Any, name: str) -> list[ScreenTransfersResponse]:
    return [answer async for answer in call] if name in {"Read", "Talk"} else [await call]


def counted(metric: str, name: str, code: str) -> float:
    labels = {"method": f"/{STREAMS}/{name}", "code": code}
    labels |= {"peer": "compliance"} if metric == "rpc_client_seconds" else {}
    return REGISTRY.get_sample_value(f"{metric}_count", labels) or 0


@pytest.mark.parametrize(("name", "received", "sent"), [("Ask", 1, 1), ("Read", 1, 3), ("Send", 2, 1), ("Talk", 2, 2)])
async def test_a_named_caller_is_served_and_the_call_is_logged_and_counted(
    channel: aio.Channel, servicer: Servicer, ask: Any, name: str, received: int, sent: int
) -> None:
    seen: list[tuple[str, str, str, str | None]] = []

    async def look(_number: int) -> None:
        seen.append((caller().subject_id, telemetry.request_id(), acting_subject(), telemetry.traceparent()))

    servicer.before = look
    before = [counted(metric, name, "OK") for metric in METRICS]
    with telemetry.span("request") as span, telemetry.bind_request("req-7", actor="user-9"), capture_logs() as lines:
        assert len(await answers(start(channel, name, [ask(), ask()]), name)) == sent
        await eventually(lambda: "rpc" in [line["event"] for line in lines])
    trace_id = f"{span.get_span_context().trace_id:032x}"
    assert {each[:3] for each in seen} == {("payments", "req-7", "user-9")}
    assert {each[3].split("-")[1] for each in seen if each[3]} == {trace_id}
    assert len(servicer.received) == received
    (line,) = [line for line in lines if line["event"] == "rpc"]
    assert (line["name"], line["outcome"], line["caller"]) == (f"/{STREAMS}/{name}", "ok", "payments")
    if name != "Ask":
        assert (line["received"], line["sent"]) == (received, sent)
    assert [counted(metric, name, "OK") for metric in METRICS] == [was + 1 for was in before]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ((), grpc.StatusCode.UNAUTHENTICATED),
        ((("x-elcorp-service", "governance"),), grpc.StatusCode.PERMISSION_DENIED),
    ],
    ids=["unknown", "not named"],
)
async def test_other_callers_are_refused_before_the_servicer_is_entered(
    plain_channel: aio.Channel, servicer: Servicer, ask: Any, name: str, metadata: Any, code: grpc.StatusCode
) -> None:
    with pytest.raises(aio.AioRpcError) as caught:
        await answers(start(plain_channel, name, [ask()], metadata=metadata, timeout=60), name)
    assert caught.value.code() is code
    assert not servicer.entered.is_set()


@pytest.mark.parametrize(("name", "budget"), [("Ask", 10), ("Read", 60), ("Send", 60), ("Talk", 60)])
async def test_a_call_without_a_deadline_gets_one(
    plain_channel: aio.Channel, servicer: Servicer, ask: Any, name: str, budget: float
) -> None:
    seen: list[float] = []

    async def look(_number: int) -> None:
        seen.append(remaining_seconds() or 0)

    servicer.before = look
    await answers(start(plain_channel, name, [ask()], metadata=(("x-elcorp-service", "payments"),)), name)
    assert budget - 10 < seen[0] <= budget


@pytest.mark.parametrize("name", ["Read", "Send", "Talk"])
async def test_callers_give_a_stream_its_own_deadline_within_that_of_the_request_they_serve(
    channel: aio.Channel, servicer: Servicer, ask: Any, name: str
) -> None:
    seen: list[float] = []

    async def look(_number: int) -> None:
        seen.append(remaining_seconds() or 0)

    servicer.before = look
    for budget in (None, 40, 20):
        with within(budget or 3600):
            await answers(start(channel, name, [ask()], timeout=None if budget else 50), name)
    with within(0.001), pytest.raises(Unavailable):
        await answers(start(channel, name, [ask()]), name)
    firsts = seen[:: len(seen) // 3]
    assert [40 < firsts[0] <= 50.1, 20 < firsts[1] <= 40.1, 10 < firsts[2] <= 20.1] == [True, True, True]


@pytest.mark.parametrize("name", KINDS)
async def test_an_invalid_message_is_refused_wherever_it_stands(
    channel: aio.Channel, servicer: Servicer, ask: Any, name: str
) -> None:
    streams = name in {"Send", "Talk"}
    with pytest.raises(RemoteError) as caught:
        await answers(start(channel, name, [ask(), INVALID, ask()] if streams else [INVALID]), name)
    assert (caught.value.kind, caught.value.code, caught.value.field) == (Kind.INVALID, "VAL_001", "transfers")
    assert INVALID not in servicer.received
    assert len(servicer.received) == streams
    await eventually(servicer.ended.is_set, streams)


@pytest.mark.parametrize("name", ["Read", "Send", "Talk"])
@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [(Refused(left=3), Kind.REFUSED, "LIST_001"), (ValueError("secret at 10.0.0.7"), Kind.INTERNAL, "SRV_001")],
    ids=["ours", "a defect"],
)
async def test_an_error_in_mid_stream_keeps_its_kind_and_discloses_no_text(
    channel: aio.Channel, servicer: Servicer, ask: Any, name: str, error: Exception, kind: Kind, code: str
) -> None:
    async def fail_later(number: int) -> None:
        if number == 1:
            raise error

    servicer.before = fail_later
    got: list[ScreenTransfersResponse] = []
    before = counted("rpc_server_seconds", name, "INTERNAL")
    with pytest.raises(RemoteError) as caught:
        call = start(channel, name, [ask(), ask(), ask()])
        if name == "Send":
            await call
        async for answer in call:
            got.append(answer)  # noqa: PERF401  # it is read after an error
    assert (caught.value.kind, caught.value.code) == (kind, code)
    cause = caught.value.__cause__
    assert isinstance(cause, aio.AioRpcError)
    returned = repr((cause.details(), cause.trailing_metadata(), caught.value.message, caught.value.facts))
    assert not any(text in returned for text in ("secret", "10.0.0.7", "ValueError"))
    assert len(got) == (0 if name == "Send" else 1)
    # The caller gets the error before the server has counted it.
    await eventually(lambda: counted("rpc_server_seconds", name, "INTERNAL"), before + (kind is Kind.INTERNAL))
    assert servicer.ended.is_set()


async def hang(_number: int) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("name", ["Read", "Send", "Talk"])
async def test_a_call_that_its_caller_cancels_ends_at_the_server(
    channel: aio.Channel, servicer: Servicer, ask: Any, name: str
) -> None:
    servicer.before = hang
    with capture_logs() as lines:
        call = start(channel, name, [ask()])
        asking = asyncio.ensure_future(answers(call, name))
        await servicer.entered.wait()
        asking.cancel()
        call.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await eventually(lambda: [line["outcome"] for line in lines if line["event"] == "rpc"], ["CANCELLED"])
    assert servicer.ended.is_set()


@pytest.mark.parametrize("name", ["Send", "Talk"])
async def test_requests_that_a_cancelled_call_cuts_off_are_not_taken_for_complete(
    channel: aio.Channel, servicer: Servicer, ask: Any, name: str
) -> None:
    completed: list[int] = []

    async def requests() -> AsyncIterator[ScreenTransfersRequest]:
        yield ask()
        await asyncio.Event().wait()

    async def note(_number: int) -> None:
        completed.append(len(servicer.received))

    servicer.after = note
    for number in range(1, 11):
        call = start(channel, name, requests())
        asking = asyncio.ensure_future(answers(call, name))
        await eventually(partial(len, servicer.received), number)
        servicer.ended.clear()
        call.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        async with asyncio.timeout(60):
            await servicer.ended.wait()
    assert completed == []


@pytest.mark.parametrize("name", ["Read", "Talk"])
async def test_a_caller_that_stops_reading_ends_the_call(channel: aio.Channel, servicer: Servicer, ask: Any, name: str) -> None:
    async def hang_later(number: int) -> None:
        if number == 1:
            await hang(number)

    servicer.before = hang_later
    async with reading(start(channel, name, [ask(), ask()])) as responses:
        await anext(responses)
    async with asyncio.timeout(60):
        await servicer.ended.wait()


@pytest.mark.parametrize("name", ["Read", "Talk"])
async def test_a_reader_that_does_not_read_does_not_hold_the_servicer(
    channel: aio.Channel, servicer: Servicer, ask: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("served_streams.SENDING_SECONDS_MAX", "served_call.REFUSING_SECONDS_MAX"):
        monkeypatch.setattr(f"chassis.rpc.{limit}", 0.1)
    servicer.answer = LARGE
    servicer.count = 500
    with capture_logs() as lines:
        call = start(channel, name, [ask()] * 500)
        responses = aiter(call)
        await anext(responses)
        async with asyncio.timeout(60):
            await servicer.ended.wait()
        await eventually(lambda: [line["outcome"] for line in lines if line["event"] == "rpc"], ["SRV_002"])
        (sent,) = [line["sent"] for line in lines if line["event"] == "rpc"]
        # What was sent before can be read, and then the error.
        got = 1
        with pytest.raises(RemoteUnavailable):
            async for _ in responses:
                got += 1
    assert sent <= got <= sent + 1
    assert got < 500


@pytest.mark.parametrize("name", ["Read", "Send", "Talk"])
async def test_a_stream_in_progress_finishes_when_the_server_stops_and_a_longer_one_is_cancelled(
    server: RpcServer, channel: aio.Channel, servicer: Servicer, ask: Any, name: str
) -> None:
    may_end = asyncio.Event()

    async def wait(_number: int) -> None:
        await may_end.wait()

    async def is_refused() -> bool:
        try:
            await answers(start(channel, "Ask", [ask()]), "Ask")
        except RemoteUnavailable:
            return True
        return False

    servicer.before = wait
    finishing = asyncio.ensure_future(answers(start(channel, name, [ask()]), name))
    await servicer.entered.wait()
    servicer.before = nothing
    stopping = asyncio.create_task(server.stop(60))
    await eventually(is_refused)
    assert not finishing.done()
    may_end.set()
    assert await finishing
    await stopping


@pytest.mark.parametrize("name", ["Read", "Send", "Talk"])
async def test_a_stream_that_exceeds_the_grace_period_is_cancelled(
    server: RpcServer, channel: aio.Channel, servicer: Servicer, ask: Any, name: str
) -> None:
    servicer.before = hang
    hanging = asyncio.ensure_future(answers(start(channel, name, [ask()]), name))
    await servicer.entered.wait()
    await server.stop(0.2)
    with pytest.raises(RemoteUnavailable):
        await hanging
    async with asyncio.timeout(60):
        await servicer.ended.wait()


@pytest.mark.parametrize("name", ["Send", "Talk"])
async def test_a_caller_may_write_its_requests_one_by_one(channel: aio.Channel, servicer: Servicer, ask: Any, name: str) -> None:
    made = getattr(channel, GRPC_KINDS[name])(
        f"/{STREAMS}/{name}",
        request_serializer=ScreenTransfersRequest.SerializeToString,
        response_deserializer=ScreenTransfersResponse.FromString,
    )
    call = made()
    for _ in range(2):
        await call.write(ask())
    await call.done_writing()
    assert len(await answers(call, name)) == (1 if name == "Send" else 2)
    assert len(servicer.received) == 2
