"""The door's search: by a part of the guest's name, for door staff and for devices that may."""

from tests.support.world import Party, fresh_key

HEADING = "code,offer,max_uses,guest_name,guest_email\n"
CSV = {"Content-Type": "text/csv"}


async def bring(party: Party, *names: str) -> None:
    rows = "".join(f"LIST-{n:04}X,Ticket,2,{name},someone@dibs.example\n" for n, name in enumerate(names))
    answer = await party.owner.post(f"{party.path}/vouchers/import", data=(HEADING + rows).encode(), headers=CSV)
    assert answer["imported"] == len(names)


async def test_a_device_that_may_finds_guests_and_redeems_without_a_code(party: Party) -> None:
    await bring(party, "Ann Lee", "Joanna 100% Ray", "Bob")
    device = await party.world.device(party.owner, party.id, "Box office", can_search=True)
    found = (await device.get(f"{party.path}/door-search", q=" ANN "))["items"]
    assert [(item["guest_name"], item["code"]) for item in found] == [("Ann Lee", "…0X"), ("Joanna 100% Ray", "…1X")]
    assert found[0]["remaining"] == 2
    assert "someone@" not in str(found)
    scan = {"voucher_id": found[0]["id"], "idempotency_key": fresh_key(), "units": 2}
    assert (await device.post(f"{party.path}/redemptions", scan))["verdict"] == "accepted"
    (again,) = (await device.get(f"{party.path}/door-search", q="lee"))["items"]
    assert (again["state"], again["remaining"]) == ("redeemed", 0)
    assert [item["guest_name"] for item in (await device.get(f"{party.path}/door-search", q="%"))["items"]] == [
        "Joanna 100% Ray"
    ]


async def test_the_first_names_in_their_order_and_no_more_than_asked_for(party: Party) -> None:
    await bring(party, *(f"Guest {n:03}" for n in reversed(range(60))))
    door = await party.world.member(party.owner, party.id, "door", "Ann")
    found = (await door.get(f"{party.path}/door-search", q="guest", limit=5))["items"]
    assert [item["guest_name"] for item in found] == [f"Guest {n:03}" for n in range(5)]
    assert len((await door.get(f"{party.path}/door-search", q="guest"))["items"]) == 20
    assert (await door.get(f"{party.path}/door-search"))["items"] == []


async def test_what_may_no_longer_search_is_refused_at_once(party: Party) -> None:
    await bring(party, "Ann Lee")
    device = await party.world.device(party.owner, party.id, "Box office", can_search=True)
    await party.owner.patch(f"{party.path}/devices/{device.id}", {"can_search": False})
    await device.refused(403, "GET", f"{party.path}/door-search?q=ann")
