"""Each method of a user changes its own fields and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from identity.domain.user import InitialRole, User, UserStatus
from services.identity.tests.unit.changes import AT, BEFORE, ID, OTHER, compare


def user(**changes: Any) -> User:
    """Make a user with every field set, at an earlier time."""
    made = User.register(
        user_id=ID,
        username="ndapewa",
        password_hash="$argon2id$first",
        wallet_address=OTHER,
        initial_role=InitialRole.USER,
        agreed_terms_at=BEFORE,
        at=BEFORE,
    )
    made.collect()
    noted = {"last_sign_in_at": BEFORE, "email_verified_at": BEFORE, "phone_verified_at": BEFORE, "second_factor_since": BEFORE}
    vars(made).update({**noted, **changes})
    return made


USERS: list[Any] = [
    pytest.param(user, lambda made: made.gain_factor(at=AT), {}, id="gains one more factor"),
    pytest.param(
        lambda: user(second_factor_since=None),
        lambda made: made.gain_factor(at=AT),
        {"second_factor_since": AT, "factors_version": 1},
        id="gains a first factor",
    ),
    pytest.param(
        lambda: user(factors_version=1),
        lambda made: made.lose_factor(last=False, at=AT),
        {"factors_version": 2},
        id="loses a factor",
    ),
    pytest.param(
        user,
        lambda made: made.lose_factor(last=True, at=AT),
        {"second_factor_since": None, "factors_version": 1},
        id="loses the last factor",
    ),
    pytest.param(user, lambda made: made.note_sign_in(at=AT), {"last_sign_in_at": AT}, id="signs in"),
    pytest.param(user, lambda made: made.verify_email(at=AT), {"email_verified_at": AT, "version": 2}, id="verifies email"),
    pytest.param(user, lambda made: made.verify_phone(at=AT), {"phone_verified_at": AT, "version": 2}, id="verifies phone"),
    pytest.param(user, lambda made: made.change_details(username=None), {"username": None, "version": 2}, id="changes details"),
    pytest.param(user, lambda made: made.lose_phone(), {"version": 2}, id="loses the number"),
    pytest.param(
        user,
        lambda made: made.change_password("$argon2id$next", at=AT),
        {"password_hash": "$argon2id$next", "password_changed_at": AT, "version": 2},
        id="changes the password",
    ),
    pytest.param(
        user,
        lambda made: made.strengthen_hash("$argon2id$same"),
        {"password_hash": "$argon2id$same"},
        id="has the same password under another hash",
    ),
    pytest.param(user, lambda made: made.suspend("r", at=AT), {"status": UserStatus.SUSPENDED, "version": 2}, id="is suspended"),
    pytest.param(
        lambda: user(status=UserStatus.SUSPENDED),
        lambda made: made.activate("r", at=AT),
        {"status": UserStatus.ACTIVE, "version": 2},
        id="is activated",
    ),
    pytest.param(
        user,
        lambda made: made.delete("r", at=AT),
        {"status": UserStatus.DELETED, "deleted_at": AT, "suspended_at_deletion": False, "version": 2},
        id="is deleted",
    ),
    pytest.param(
        lambda: user(status=UserStatus.SUSPENDED),
        lambda made: made.delete("r", at=AT),
        {"status": UserStatus.DELETED, "deleted_at": AT, "suspended_at_deletion": True, "version": 2},
        id="is deleted while suspended",
    ),
    pytest.param(
        lambda: user(status=UserStatus.DELETED, deleted_at=BEFORE, suspended_at_deletion=False),
        lambda made: made.restore("r", at=AT),
        {"status": UserStatus.ACTIVE, "deleted_at": None, "suspended_at_deletion": None, "version": 2},
        id="is restored",
    ),
    pytest.param(
        lambda: user(status=UserStatus.DELETED, deleted_at=BEFORE, suspended_at_deletion=True),
        lambda made: made.restore("r", at=AT),
        {"status": UserStatus.SUSPENDED, "deleted_at": None, "suspended_at_deletion": None, "version": 2},
        id="is restored to suspended",
    ),
    pytest.param(
        lambda: user(status=UserStatus.DELETED, deleted_at=BEFORE),
        lambda made: made.restore("r", at=AT),
        {"status": UserStatus.SUSPENDED, "deleted_at": None, "version": 2},
        id="is restored without a known earlier status",
    ),
    pytest.param(user, lambda made: made.restrict(at=AT), {"status": UserStatus.RESTRICTED, "version": 2}, id="is restricted"),
    pytest.param(
        lambda: user(status=UserStatus.RESTRICTED),
        lambda made: made.erase(at=AT),
        {
            "status": UserStatus.ERASED,
            "version": 2,
            "username": None,
            "password_hash": "$argon2id$erased",
            "email_verified_at": None,
            "phone_verified_at": None,
            "second_factor_since": None,
        },
        id="is erased",
    ),
]


@pytest.mark.parametrize(("make", "verb", "changes"), USERS)
def test_each_method_of_a_user_changes_only_its_own_fields(
    make: Callable[[], User], verb: Callable[[Any], object], changes: dict[str, Any]
) -> None:
    compare(make(), verb, changes)
