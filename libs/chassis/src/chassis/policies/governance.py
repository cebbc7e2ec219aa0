"""Bundles from governance, over gRPC."""

import grpc.aio

from chassis.errors import as_domain_error
from chassis.policies.bundle import Bundle
from elcorp.governance.v1.governance_pb2 import GetBundleRequest
from elcorp.governance.v1.governance_pb2_grpc import PolicyServiceStub


class GovernanceBundles:
    """The BundleSource of every service except governance."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = PolicyServiceStub(channel)

    async def fetch(self, known_version: int) -> Bundle | None:
        """Return the bundle in force, None if it is the known version; raises Unavailable."""
        try:
            response = await self._stub.GetBundle(GetBundleRequest(known_version=known_version))
        except grpc.aio.AioRpcError as exc:
            raise as_domain_error(exc) from exc
        if response.version == known_version:
            return None
        return Bundle(response.version, response.policies, response.schema)
