"""What somebody asks for, and what of it is signed."""

import pytest

from kernel.errors import InvalidValue, KeyReused
from kernel.ids import new_id
from payments.domain.transfer_order import TransferKind, key_beyond, leg_key
from services.payments.tests.unit.books import Books, order, settled


@pytest.mark.parametrize("changes", [{"kind": TransferKind.CONVERSION}, {"target_currency": "USD"}])
def test_a_conversion_names_its_currency_and_nothing_else_does(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        order(**changes)


def test_a_conversion_is_not_put_on_hold() -> None:
    with pytest.raises(InvalidValue):
        order(kind=TransferKind.CONVERSION, target_currency="USD", capture_later=True)


def test_a_replay_is_answered_and_another_order_under_its_key_is_not() -> None:
    transfer = settled(Books())

    assert transfer.confirm_replay(order()) is transfer
    changes: list[dict[str, object]] = [
        {"description": "food"},
        {"reference": "X"},
        {"metadata": {"a": "b"}},
        {"capture_later": True},
    ]
    for change in changes:
        with pytest.raises(KeyReused):
            transfer.confirm_replay(order(**change))


def test_metadata_is_bounded() -> None:
    for metadata in ({str(n): "" for n in range(21)}, {"k" * 501: ""}, {"k": "v" * 501}):
        with pytest.raises(InvalidValue):
            order(metadata=metadata)


def test_what_is_signed_names_every_field_that_says_something() -> None:
    plain = order().signed_text

    assert plain == (
        b'elcorp-transfer-v1\n{"amount":"250.00","currency":"NAD","description":"rent","idempotency_key":"k",'
        b'"kind":"transfer","source_wallet_id":"00000000-0000-0000-0000-00000000000b",'
        b'"target_wallet_id":"00000000-0000-0000-0000-00000000000c"}'
    )
    changed: list[dict[str, object]] = [
        {"key": "l"},
        {"source_id": new_id()},
        {"target_id": new_id()},
        {"reference": "X"},
        {"metadata": {"a": "b"}},
        {"capture_later": True},
        {"kind": TransferKind.PAYMENT},
    ]
    assert order("250.01").signed_text != plain
    for change in changed:
        assert order(**change).signed_text != plain


def test_names_in_metadata_are_signed_in_the_order_of_their_utf16() -> None:
    # RFC 8785, section 3.2.3: the first of the two is a surrogate pair, which begins below the second.
    signed = order(metadata={"\ufb33": "2", "\U0001f600": "1", "a": "0"}).signed_text
    assert '"metadata":{"a":"0","\U0001f600":"1","\ufb33":"2"}'.encode() in signed


def test_the_key_of_a_leg_is_no_longer_than_a_key_may_be() -> None:
    longest = "k" * 251

    assert leg_key("k", 3) == "k/3"
    assert leg_key(longest, 999) == f"{longest}/999"
    assert leg_key(f"{longest}k", 7).startswith("sha256:")
    assert leg_key(f"{longest}k", 7) != leg_key(f"{longest}l", 7)


def test_one_more_leg_than_there_are_has_the_next_key() -> None:
    assert key_beyond([order(key="k/0"), order(key="k/1"), order(key="k/2")]) == "k/3"
    assert key_beyond([order(key="k/0")]) is None


def test_metadata_may_be_as_long_as_its_bound() -> None:
    assert order(metadata={"k" * 500: "v" * 500}).metadata
    assert order(metadata={str(n): "" for n in range(20)}).metadata
