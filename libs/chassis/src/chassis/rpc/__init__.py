"""gRPC between services: deadlines are propagated, errors keep their kind and code, and internal texts are not disclosed.

RPCs of all four kinds pass one guard. Events are for what happened; a stream is for a caller that asks, such as for a snapshot.
"""

from chassis.rpc.callers import caller
from chassis.rpc.client import UndeclaredPeerError, connect
from chassis.rpc.deadlines import remaining_seconds, within
from chassis.rpc.named_callers import UnguardedMethodError
from chassis.rpc.outgoing_calls import reading
from chassis.rpc.server import RpcServer, RpcService
from chassis.rpc.status import RemoteError, RemoteUnavailable
from chassis.rpc.tls import Tls

__all__ = [
    "RemoteError",
    "RemoteUnavailable",
    "RpcServer",
    "RpcService",
    "Tls",
    "UndeclaredPeerError",
    "UnguardedMethodError",
    "caller",
    "connect",
    "reading",
    "remaining_seconds",
    "within",
]
