"""One request is one trace across HTTP and gRPC; the handling of its events is linked to it across outbox and broker."""

from collections.abc import Awaitable, Callable
from secrets import token_hex, token_urlsafe
from uuid import uuid4

import httpx
import pytest
from collector import Collector
from journey import Api, Journey, Person, until

pytestmark = pytest.mark.e2e


async def test_a_transfers_trace_joins_gateway_payments_and_compliance(
    client: httpx.AsyncClient, collector: Collector, holder: Callable[..., Awaitable[Person]]
) -> None:
    payer, payee = await holder("Payer", funds="10.00"), await holder("Payee")
    trace_id = token_hex(16)
    response = await client.post(
        "/api/v1/transfers",
        json={
            "source_wallet_id": payer.wallet_id,
            "target_wallet_id": payee.wallet_id,
            "amount": "1.00",
            "currency": "NAD",
        },
        headers={
            "Authorization": f"Bearer {payer.access_token}",
            "Idempotency-Key": str(uuid4()),
            "traceparent": f"00-{trace_id}-{token_hex(8)}-01",
        },
    )
    assert response.status_code == 201, response.text

    async def joined() -> bool:
        return {span.process for span in collector.of_trace(trace_id)} >= {"gateway", "payments-serve", "compliance-serve"}

    await until(joined, "the spans of one trace")
    spans = {span.span_id: span for span in collector.of_trace(trace_id)}
    screening = next(span for span in spans.values() if span.process == "compliance-serve")
    path = []
    while screening.parent_id in spans:
        screening = spans[screening.parent_id]
        path.append(screening.process)
    assert path[-1] == "gateway"
    assert "payments-serve" in path

    async def linked() -> bool:
        return "compliance-work" in {span.process for span in collector.linked_to(trace_id)}

    await until(linked, "the consumer's span that is linked to the request")


async def test_a_registrations_events_are_linked_to_its_trace(client: httpx.AsyncClient, collector: Collector) -> None:
    trace_id, email = token_hex(16), f"traced.{token_hex(4)}@example.na"
    requested = await client.post(
        "/api/v1/auth/register",
        json={
            "full_name": "Traced Person",
            "email": email,
            "phone": f"+26481{uuid4().int % 10**7:07d}",
            "password": f"Kavango-{token_urlsafe(12)}-7!",
            "agreed_terms": True,
        },
        headers={"Idempotency-Key": str(uuid4())},
    )
    assert requested.status_code == 202, requested.text
    code = await Journey(Api(client), Person("Traced"), print).code_for(email)
    response = await client.post(
        "/api/v1/auth/verify-email",
        json={"verification_id": requested.json()["data"]["verification_id"], "code": code},
        headers={"traceparent": f"00-{trace_id}-{token_hex(8)}-01"},
    )
    assert response.status_code == 200, response.text

    async def received() -> bool:
        return {"payments-work", "governance-work", "compliance-work"} <= {span.process for span in collector.linked_to(trace_id)}

    await until(received, "the consumers' spans")
