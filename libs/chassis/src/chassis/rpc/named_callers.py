"""The services that may call a method, by its contract (elcorp.options.v1.access)."""

from collections.abc import Iterable, Mapping

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor

from elcorp.options.v1 import options_pb2


class UnguardedMethodError(Exception):
    """A method's contract does not name its callers."""


def named_callers(services: Iterable[str], *, local: bool) -> Mapping[str, frozenset[str]]:
    """Return the services that may call each method, by its path ("/elcorp.payments.v1.LedgerService/Transfer").

    `services` are full names; `local` adds the callers that exist only in the environment `local`. Raises UnguardedMethodError.
    """
    pool = descriptor_pool.Default()
    return {
        f"/{name}/{method.name}": _callers_of(method, local=local)
        for name in services
        for method in pool.FindServiceByName(name).methods
    }


def _callers_of(method: MethodDescriptor, *, local: bool) -> frozenset[str]:
    options = method.GetOptions()
    if not options.HasExtension(options_pb2.access):
        raise UnguardedMethodError(f"{method.full_name} has no option (elcorp.options.v1.access): name its callers, or nobody")
    access = options.Extensions[options_pb2.access]
    return frozenset((*access.callers, *(access.local_callers if local else ())))
