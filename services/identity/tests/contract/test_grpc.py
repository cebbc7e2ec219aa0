"""What peers rely on."""

import pytest

from chassis.rpc import RemoteError
from elcorp.identity.v1 import identity_pb2
from kernel.errors import Kind
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.peers import Stub


async def test_subject_exists_and_may_act(api: Api, stub: Stub) -> None:
    user_id = (await api.register()).json()["data"]["id"]
    answer = await stub.GetSubject(identity_pb2.GetSubjectRequest(subject_id=user_id))
    assert (answer.subject_id, answer.active) == (user_id, True)


@pytest.mark.parametrize(
    ("subject_id", "kind"),
    [("0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10", Kind.NOT_FOUND), ("not-a-uuid", Kind.INVALID), ("", Kind.INVALID)],
)
async def test_strangers_are_not_found_and_nonsense_is_invalid(
    stub: Stub,
    subject_id: str,
    kind: Kind,
) -> None:
    with pytest.raises(RemoteError) as refused:
        await stub.GetSubject(identity_pb2.GetSubjectRequest(subject_id=subject_id))
    assert refused.value.kind is kind
