"""Identity as a peer, with the standings of users, over a real gRPC server and channel."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import grpc.aio

from chassis.rpc import RpcServer, RpcService, connect
from elcorp.identity.v1 import identity_pb2, identity_pb2_grpc
from elcorp.platform.v1.feed_pb2 import FeedPosition
from kernel.errors import Unavailable
from payments.settings import PaymentsSettings


@dataclass
class IdentityPeer(identity_pb2_grpc.IdentityServiceServicer):
    """`status` has each user's status and version. While `away`, it answers nothing. `asked` has the names of the calls."""

    status: dict[UUID, tuple[str, int]] = field(default_factory=dict)
    away: bool = False
    asked: list[str] = field(default_factory=list)

    def change(self, user_id: UUID, status: str) -> int:
        """Return the user's version after the change."""
        version = self.status.get(user_id, ("", 0))[1] + 1
        self.status[user_id] = (status, version)
        return version

    async def GetSubjects(self, request: Any, context: Any) -> identity_pb2.GetSubjectsResponse:  # noqa: N802
        self._record("GetSubjects")
        known = [(id_, self.status[UUID(id_)][0]) for id_ in request.subject_ids if UUID(id_) in self.status]
        subjects = [
            identity_pb2.Subject(subject_id=id_, active=status == "active", closed=status not in {"active", "suspended"})
            for id_, status in known
        ]
        return identity_pb2.GetSubjectsResponse(subjects=subjects)

    async def ListStandings(self, request: Any, context: Any) -> identity_pb2.ListStandingsResponse:  # noqa: N802
        self._record("ListStandings")
        standings = [
            identity_pb2.UserStanding(user_id=str(user_id), status=status, version=version)
            for user_id, (status, version) in self.status.items()
        ]
        return identity_pb2.ListStandingsResponse(
            standings=standings, position=FeedPosition(cursor="end", restart="end", is_last=True)
        )

    def _record(self, name: str) -> None:
        self.asked.append(name)
        if self.away:
            raise Unavailable


@asynccontextmanager
async def identity_peer() -> AsyncIterator[tuple[IdentityPeer, grpc.aio.Channel]]:
    async with identity_server() as (peer, target), connect(PaymentsSettings(identity_target=target), "identity") as channel:
        yield peer, channel


@asynccontextmanager
async def identity_server() -> AsyncIterator[tuple[IdentityPeer, str]]:
    """Serve identity; yield it with its gRPC target."""
    peer = IdentityPeer()  # type: ignore[abstract]  # implements only what payments calls
    service = RpcService(identity_pb2_grpc.add_IdentityServiceServicer_to_server, peer, "elcorp.identity.v1.IdentityService")
    server = RpcServer("127.0.0.1", 0, [service])
    await server.start()
    yield peer, f"dns:///127.0.0.1:{server.port}"
    await server.stop(0)
