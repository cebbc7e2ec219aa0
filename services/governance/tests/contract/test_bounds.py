"""The limits of governance's inputs: the maximum is accepted; one more is refused and changes nothing."""

from typing import Any, Final

import pytest

from services.governance.tests.contract.api import Api

RULE: Final = {"currency": "NAD", "threshold": "1.00", "reason": "resolution 12"}
KINDS: Final = [f"kind_{letter}" for letter in "abcdefghijk"]


def grant(reason: str) -> Any:
    return "POST", "/role-assignments", {"json": {"subject_id": "{subject}", "role": "staff", "reason": reason}}


def revoke(reason: str) -> Any:
    return "DELETE", "/role-assignments/{subject}/staff", {"params": {"reason": reason}}


def rule(name: str = "new", **changes: Any) -> Any:
    return "PUT", f"/policies/approval-rules/{name}", {"json": {**RULE, **changes}}


def withdraw(reason: str) -> Any:
    return "DELETE", "/policies/approval-rules/standing", {"params": {"reason": reason}}


BOUNDS: Final = {
    "a grant's reason": [
        (grant("x"), True),
        (grant("x" * 500), True),
        (grant("x" * 501), False),
        (grant(""), False),
        (grant("  "), False),
    ],
    "a revocation's reason": [
        (revoke("x"), True),
        (revoke("x" * 500), True),
        (revoke("x" * 501), False),
        (revoke(""), False),
        (revoke("  "), False),
    ],
    "a rule's reason": [
        (rule(reason="xxx"), True),
        (rule(reason="x" * 500), True),
        (rule(reason="x" * 501), False),
        (rule(reason="xx"), False),
        (rule(reason="  xx  "), False),
        (rule(reason="x\u202exx"), False),
        (rule(reason="x\n\txx"), True),
    ],
    "a withdrawal's reason": [(withdraw("xxx"), True), (withdraw("x" * 500), True), (withdraw("x" * 501), False)],
    "a rule's description": [
        (rule(description="x" * 500), True),
        (rule(description="x" * 501), False),
        (rule(description="x\u0085"), False),
    ],
    "a rule's kinds": [(rule(kinds=KINDS[:10]), True), (rule(kinds=KINDS), False), (rule(kinds=["Payment"]), False)],
    "a rule's name": [(rule("x"), True), (rule("x" * 63), True), (rule("x" * 64), False), (rule("X"), False)],
    "a rule's window": [
        (rule(window="1h"), True),
        (rule(window="744h"), True),
        (rule(window="0h"), False),
        (rule(window="745h"), False),
    ],
    "a rule's threshold": [
        (rule(threshold="0.00"), True),
        (rule(threshold="-0.01"), False),
        (rule(threshold="0.001"), False),
        (rule(currency="ELC", threshold="0.0001"), True),
        (rule(currency="ELC", threshold="0.00001"), False),
    ],
}
CASES: Final = [
    pytest.param(asked, taken, id=f"{what} {number}")
    for what, cases in BOUNDS.items()
    for number, (asked, taken) in enumerate(cases)
]


@pytest.mark.parametrize(("asked", "taken"), CASES)
async def test_values_are_accepted_up_to_their_limit(api: Api, asked: tuple[str, str, dict[str, Any]], taken: bool) -> None:
    method, path, options = asked
    subject = str(api.subject())
    await api.call("PUT", "/policies/approval-rules/standing", json=RULE)
    body = options.get("json")
    if body and "subject_id" in body:
        options = {"json": {**body, "subject_id": subject}}
    path = path.format(subject=subject)
    if taken:
        answer = await api.call(method, path, **options)
        assert answer.status_code in {200, 201}, answer.text
    else:
        assert (await api.refused(method, path, **options))[0] == 422


@pytest.mark.parametrize("number", [200, 201])
async def test_a_role_cannot_get_more_permissions_than_the_limit(api: Api, number: int) -> None:
    """200 names are read and refused as unknown. More names are refused for their number."""
    headers, names = {"If-Match": '"1"'}, [f"made:up{each}" for each in range(number)]
    before = await api.call("GET", "/roles/guest")
    answer = await api.call("PUT", "/roles/guest/permissions", json={"permissions": names}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "VAL_001")
    assert ("unknown" in answer.text or "no such permission" in answer.text) is (number == 200)
    assert (await api.call("GET", "/roles/guest")).json()["data"] == before.json()["data"]
