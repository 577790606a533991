"""Which rows land."""

from uuid import NAMESPACE_OID, UUID, uuid5

import pytest
from hypothesis import given, strategies as st

from dibs_realtime.accounts.schemas import email_address
from dibs_realtime.kit.clock import utc_now
from dibs_realtime.offers.model import Offer
from dibs_realtime.vouchers import sheet, sorting
from dibs_realtime.vouchers.sorting import EmailReader, Fault


def offer(title: str, *, max_uses: int = 1, deleted: bool = False) -> Offer:
    now = utc_now()
    return Offer(
        id=uuid5(NAMESPACE_OID, title), title=title, description="", quantity=None, claimable=False,
        per_guest_limit=None,
        max_uses=max_uses, claim_from=None, claim_until=None, redeem_from=None, redeem_until=None, gate_ids=[],
        status="active", deleted=deleted, version=1, created_at=now, updated_at=now,
    )  # fmt: skip


DRINK = offer("Free  Drink", max_uses=3)
TWICE = [offer("Entry"), offer("entry ")]
GONE = offer("Gone", deleted=True)
OFFERS = [DRINK, *TWICE, GONE]


def judged(*rows: str) -> list[str | None]:
    """Return each row's reason, None for one that lands."""
    text = "\n".join(["code,offer,max_uses,guest_name,guest_email", *rows])
    found = sorting.sort(sheet.read(text.encode()), OFFERS)
    _, faults = sorting.settle(found, set(), {DRINK.id: None, TWICE[0].id: None})
    reasons = {fault.line: fault.reason for fault in faults}
    return [reasons.get(line) for line in range(2, len(rows) + 2)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("abcd-1234,free drink", None),
        (f"ABCD,{DRINK.id}", None),
        (f"ABCD,{str(DRINK.id).upper()}", None),
        (f"ABCD,{TWICE[0].id}", None),
        ("ABCD, FREE DRINK ,1000,Ann,ann@dibs.example", None),
        (",free drink", "bad_code"),
        ("ABC,free drink", "bad_code"),
        ("AB!D,free drink", "bad_code"),
        ("ÄBCD,free drink", "bad_code"),
        (f"{'A' * 33},free drink", "too_long"),
        ("ABCD,", "unknown_offer"),
        ("ABCD,Wine", "unknown_offer"),
        ("ABCD,Entry", "unknown_offer"),
        ("ABCD,Gone", "unknown_offer"),
        (f"ABCD,{GONE.id}", "unknown_offer"),
        (f"ABCD,{uuid5(NAMESPACE_OID, 'of nobody')}", "unknown_offer"),
        ("ABCD,free drink,0", "bad_max_uses"),
        ("ABCD,free drink,1001", "bad_max_uses"),
        ("ABCD,free drink,-1", "bad_max_uses"),
        ("ABCD,free drink,1.5", "bad_max_uses"),
        ("ABCD,free drink,\u0663", "bad_max_uses"),
        ("ABCD,free drink,many", "bad_max_uses"),
        ("ABCD,free drink,,Ann,ann", "bad_email"),
        ("ABCD,free drink,,Ann,a@b@dibs.example", "bad_email"),
    ],
)
def test_a_row_by_itself(row: str, reason: str | None) -> None:
    assert judged(row) == [reason]


def test_what_a_row_becomes() -> None:
    rows = ("abcd,free drink", "efgh,free drink,7,Ann,", "ijkm,free drink,,,B@X.Example")
    text = "\n".join(["code,offer,max_uses,guest_name,guest_email", *rows])
    picks = sorting.sort(sheet.read(text.encode()), OFFERS).picks
    assert picks.codes == ["ABCD", "EFGH", "1JKM"]
    assert picks.offer_ids == [DRINK.id] * 3
    assert picks.max_uses == [3, 7, 3]
    assert picks.guests == {1: ("Ann", None), 2: (None, "B@x.example")}


def test_the_first_of_alike_codes_that_lands() -> None:
    assert judged("ABCD,wine", "AB-CD,free drink", "abcd,free drink", "aBc d,free drink") == [
        "unknown_offer", None, "duplicate", "duplicate",
    ]  # fmt: skip


def test_codes_that_are_there_and_places_that_are_left() -> None:
    text = "code,offer\nAAAA,free drink\nBBBB,free drink\nCCCC,free drink\nDDDD,free drink\n" + f"CCCC,{TWICE[0].id}\n"
    found = sorting.sort(sheet.read(text.encode()), OFFERS)
    picks, faults = sorting.settle(found, {"AAAA"}, {DRINK.id: 1, TWICE[0].id: None})
    assert picks.codes == ["BBBB", "CCCC"]
    assert [(fault.line, fault.code, fault.reason) for fault in faults] == [
        (2, "AAAA", "duplicate"),
        (4, "CCCC", "over_quantity"),
        (5, "DDDD", "over_quantity"),
    ]


@given(st.lists(st.sampled_from([None, "bad_code", "duplicate", "too_long"]), max_size=60))
def test_faults_are_kept_without_codes(reasons: list[str | None]) -> None:
    rows = [sheet.Row(place + 2, f"C{place}", "", "", "", "", None) for place in range(len(reasons))]
    faults = [
        Fault(place, place + 2, f"C{place}", reason)  # type: ignore[arg-type]  # they are reasons
        for place, reason in enumerate(reasons)
        if reason is not None
    ]
    assert sorting.restore(rows, sorting.compress(faults)) == faults


_ADDRESSES = st.builds(
    "{}@{}".format,
    st.text("aA.-+_ @\"é'", max_size=8) | st.sampled_from(["info", "INFO", "ann.lee", "x" * 64, "x" * 65]),
    st.sampled_from(["x.example", "X.Example", "bücher.example", "example", "-x.example", ""]),
)


@given(st.lists(_ADDRESSES, max_size=12))
def test_addresses_are_read_as_elsewhere(written: list[str]) -> None:
    def elsewhere(address: str) -> str | None:
        try:
            return email_address(address)
        except ValueError:
            return None

    reader = EmailReader()
    assert [reader.read(address) for address in written] == [elsewhere(address) for address in written]


def test_ids_are_uuids() -> None:
    assert sorting.OfferFinder(OFFERS).find("not-a-uuid-but-long-enough-to-be-one!") is None
    assert UUID(int=0) not in {found.id for found in OFFERS}
