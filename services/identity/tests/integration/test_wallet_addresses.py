"""Wallet addresses in PostgreSQL."""

from uuid import uuid4

from chassis.testing.clocks import ControlledClock
from identity.domain.wallet_address import WalletAddress
from services.identity.tests.integration.storage import HERE, PAGE, Storage, enrol_user, fact, holder


async def test_addresses_are_labelled_counted_and_retired(storage: Storage, clock: ControlledClock) -> None:
    enrolled = await enrol_user(storage, clock)
    clock.advance(seconds=1)
    async with storage.uow.begin(HERE) as tx:
        await tx.users.lock(enrolled.user_id)
        address = WalletAddress.issue_further(enrolled.user_id, "ELC", at=clock.now())
        tx.wallet_addresses.add(address)
        await tx.wallet_addresses.label(address, "Rent")
        assert await tx.wallet_addresses.count_live(enrolled.user_id) == 2
        tx.record(fact(clock))
    first, second = (await storage.views.wallet_addresses.wallet_addresses_of(enrolled.user_id, PAGE)).items
    assert (first.address, first.currency, first.label) == (enrolled.wallet_address, "NAD", None)
    assert (second.address, second.currency, second.label) == (address.address, "ELC", "Rent")
    async with storage.uow.begin(HERE) as tx:
        found = await tx.wallet_addresses.lock(address.address)
        assert found
        found.retire(at=clock.now())
        await tx.wallet_addresses.label(found, None)
        await tx.users.lock(enrolled.user_id)
        assert await tx.wallet_addresses.count_live(enrolled.user_id) == 1
        tx.record(fact(clock))
    view = await storage.views.wallet_addresses.wallet_address(enrolled.user_id, address.address)
    assert view
    assert (view.label, view.retired_at) == (None, clock.now())
    assert await storage.views.wallet_addresses.wallet_address(uuid4(), address.address) is None
    assert [(await holder(storage, each)) for each in (enrolled.wallet_address, address.address)] == [
        (enrolled.user_id, True, "Ndapewa Shikongo"),
        (enrolled.user_id, False, "Ndapewa Shikongo"),
    ]
    assert await storage.views.wallet_addresses.address_holder(uuid4()) is None
