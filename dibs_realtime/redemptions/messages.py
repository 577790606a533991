"""What a verdict says to a person, in the languages that we ship."""

from functools import lru_cache

_TEXTS = {
    "en": {
        "accepted": "Welcome.",
        "unknown_code": "We do not know this code.",
        "voided": "This voucher is no longer valid.",
        "event_not_open": "The event is not open.",
        "offer_paused": "This offer is paused.",
        "not_claimed": "Nobody has claimed this voucher yet.",
        "wrong_gate": "Not at this gate.",
        "not_yet_valid": "Too early: not valid yet.",
        "expired": "Too late: no longer valid.",
        "already_redeemed": "Already used.",
        "leased": "Another door holds the uses of this voucher.",
        "insufficient_uses": "Not that many uses are left.",
        "online_only": "This needs a network.",
    },
    "lt": {
        "accepted": "Sveiki atvykę.",
        "unknown_code": "Tokio kodo nežinome.",
        "voided": "Šis kuponas nebegalioja.",
        "event_not_open": "Renginys neatidarytas.",
        "offer_paused": "Šis pasiūlymas sustabdytas.",
        "not_claimed": "Šio kupono dar niekas neužsisakė.",
        "wrong_gate": "Ne prie šių vartų.",
        "not_yet_valid": "Per anksti: dar negalioja.",
        "expired": "Per vėlu: nebegalioja.",
        "already_redeemed": "Jau panaudotas.",
        "leased": "Šio kupono panaudojimus turi kitos durys.",
        "insufficient_uses": "Tiek panaudojimų nebeliko.",
        "online_only": "Tam reikia ryšio.",
    },
}


def message(reason: str | None, accept_language: str) -> str:
    """Return the sentence for a reason (None: accepted) in the first language that we have, else in English."""
    return _TEXTS[_language(accept_language[:100])][reason or "accepted"]


@lru_cache(maxsize=256)
def _language(accept_language: str) -> str:
    wanted: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        wanted.append((-quality, tag.strip().lower().split("-")[0]))
    for _, language in sorted(wanted, key=lambda item: item[0]):
        if language in _TEXTS:
            return language
    return "en"
