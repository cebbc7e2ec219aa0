"""Callers of methods that the contracts name nobody for yet."""

from collections.abc import Iterable, Mapping

import pytest

from chassis.rpc.named_callers import named_callers


def also_name(monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    """Let a service call every method of the servers made from now on, beside those the contracts name.

    What a method answers can so be tested before the peer that it is for calls it.
    """

    def named(services: Iterable[str], *, local: bool) -> Mapping[str, frozenset[str]]:
        return {method: callers | {service} for method, callers in named_callers(services, local=local).items()}

    monkeypatch.setattr("chassis.rpc.server.named_callers", named)
