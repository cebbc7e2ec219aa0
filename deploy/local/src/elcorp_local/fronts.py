"""The ports behind which replicas stand: each new connection goes to the next replica that accepts it."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Self

from elcorp_local.load_balancer import LoadBalancer

_HOST = "127.0.0.1"


class Fronts:
    """Load balancers on a thread of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fronts", daemon=True)
        self._balancers: list[LoadBalancer] = []

    @classmethod
    def start(cls, ports: Mapping[int, Sequence[int]]) -> Self:
        """Listen on each port for the replicas' ports of its value."""
        fronts = cls()
        fronts._thread.start()
        asyncio.run_coroutine_threadsafe(fronts._listen(ports), fronts._loop).result()
        return fronts

    def stop(self) -> None:
        """Close all connections."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self, ports: Mapping[int, Sequence[int]]) -> None:
        for port, replicas in ports.items():
            endpoints = [(_HOST, replica) for replica in replicas]
            balancer = await LoadBalancer.start(_HOST, port, endpoints.copy, tries_max=len(endpoints))
            self._balancers.append(balancer)

    async def _close(self) -> None:
        for balancer in self._balancers:
            await balancer.close()
