"""Adds callers to methods whose contracts do not name them yet."""

from collections.abc import Iterable, Mapping

import pytest

from chassis.rpc.named_callers import named_callers


def also_name(monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    """Let a service call every method of servers created later, in addition to the callers in the contracts.

    So a method can be tested before the peer that will use it calls it.
    """

    def named(services: Iterable[str], *, local: bool) -> Mapping[str, frozenset[str]]:
        return {method: callers | {service} for method, callers in named_callers(services, local=local).items()}

    monkeypatch.setattr("chassis.rpc.server.named_callers", named)
