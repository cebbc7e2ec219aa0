"""An order, and the part of it that is signed."""

import pytest

from kernel.errors import InvalidValue, KeyReused
from kernel.ids import new_id
from payments.domain.transfer_order import TransferKind, key_before, leg_key, other_keys, require_callers_key
from services.payments.tests.unit.books import Books, order, settled


@pytest.mark.parametrize("changes", [{"kind": TransferKind.CONVERSION}, {"target_currency": "USD"}])
def test_only_a_conversion_names_its_target_currency(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        order(**changes)


def test_a_conversion_is_not_put_on_hold() -> None:
    with pytest.raises(InvalidValue):
        order(kind=TransferKind.CONVERSION, target_currency="USD", capture_later=True)


def test_a_replay_returns_the_first_response_and_another_order_under_its_key_is_refused() -> None:
    transfer = settled(Books())

    assert transfer.confirm_replay(order()).id == transfer.id
    changes: list[dict[str, object]] = [
        {"description": "food"},
        {"reference": "X"},
        {"metadata": {"a": "b"}},
        {"capture_later": True},
    ]
    for change in changes:
        with pytest.raises(KeyReused):
            transfer.confirm_replay(order(**change))


def test_the_size_of_metadata_is_limited() -> None:
    for metadata in ({str(n): "" for n in range(21)}, {"k" * 501: ""}, {"k": "v" * 501}):
        with pytest.raises(InvalidValue):
            order(metadata=metadata)


def test_the_signed_text_contains_every_non_empty_field() -> None:
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


def test_names_in_metadata_are_signed_in_utf16_order() -> None:
    # RFC 8785, section 3.2.3: the first of the two is a surrogate pair, which sorts before the second.
    signed = order(metadata={"\ufb33": "2", "\U0001f600": "1", "a": "0"}).signed_text
    assert '"metadata":{"a":"0","\U0001f600":"1","\ufb33":"2"}'.encode() in signed


def test_the_first_leg_has_the_key_of_all_legs_and_no_caller_may_choose_those_of_the_others() -> None:
    longest = "k" * 255
    for key in ("k", longest):
        assert leg_key(key, 0) == key
        others = [leg_key(key, number) for number in (1, 2, 999)]
        assert len({key, *others}) == 4
        for other in others:
            assert len(other) <= 255
            with pytest.raises(InvalidValue):
                require_callers_key(other)
    assert leg_key("k", 1) != leg_key("l", 1)


def test_linked_orders_of_the_previous_release_are_found_by_the_keys_that_it_generated() -> None:
    longest = "k" * 251
    assert key_before("k", 3) == "k/3"
    assert key_before(longest, 999) == f"{longest}/999"
    assert key_before(f"{longest}k", 7).startswith("sha256:")
    assert key_before(f"{longest}k", 7) != key_before(f"{longest}l", 7)
    two = [order(key="k"), order(key=leg_key("k", 1))]
    assert list(other_keys(two)) == [leg_key("k", 2), "k/0", "k/1", "k/2"]
    assert list(other_keys(two[:1])) == []


@pytest.mark.parametrize("key", ["schedule:1", "bulk:1", "elcorp:1"])
def test_keys_reserved_for_the_platform_are_refused_from_callers(key: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        require_callers_key(key)
    assert refused.value.field == "Idempotency-Key"
    assert require_callers_key(f"my-{key}") == f"my-{key}"


def test_metadata_may_be_as_long_as_its_limit() -> None:
    assert order(metadata={"k" * 500: "v" * 500}).metadata
    assert order(metadata={str(n): "" for n in range(20)}).metadata
