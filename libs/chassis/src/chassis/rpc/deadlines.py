"""Propagates deadlines: a call made while serving a request never outlives that request.

gRPC does not propagate deadlines, and `timeout` in a service config fires early (grpc/grpc#34547). So the deadline is in a
context variable, and the client interceptor turns it into each call's timeout.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from kernel.errors import Unavailable

CALL_SECONDS = 1.0
# For calls whose requests or responses stream; ELCORP_RPC_STREAM_SECONDS.
STREAM_SECONDS = 60.0
# Reserved for the response's way back, so that the caller gets our error and not its own timeout.
MARGIN_SECONDS = 0.020
# With less time than this, the peer would only do work for a response that arrives too late.
LEAST_SECONDS = 0.005

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Set a deadline for the block; an earlier one that is already set stays."""
    deadline = time.monotonic() + seconds
    inherited = _deadline.get()
    token = _deadline.set(deadline if inherited is None else min(deadline, inherited))
    try:
        yield
    finally:
        _deadline.reset(token)


@contextmanager
def afresh(seconds: float) -> Iterator[None]:
    """Set a deadline for work that several requests share, in place of the one that is set: theirs are not its own."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining_seconds() -> float | None:
    """Return the time left for the request being served, negative after its deadline; None without a deadline."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()


def call_timeout(own_seconds: float | None) -> float:
    """Return the timeout for a call that may take `own_seconds`; raises Unavailable if too little time is left."""
    own = CALL_SECONDS if own_seconds is None else own_seconds
    remaining = remaining_seconds()
    if remaining is None:
        return own
    left = remaining - MARGIN_SECONDS
    if left < LEAST_SECONDS:
        raise Unavailable(reason="too little of the deadline is left", remaining_ms=round(remaining * 1000))
    return min(own, left)
