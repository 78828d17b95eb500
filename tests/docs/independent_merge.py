"""`merge` and `receive` once more, from the words of docs/protocol.md alone, on the JSON that travels.

It shares nothing with LibLine: if the words are wrong or say too little, it fails the test vectors.
"""

import json
from datetime import date, datetime, timedelta
from typing import Any

Part = dict[str, Any]
STATES = ["intro", "active", "paused", "lapsed", "expired", "ended-intro", "completed", "ended-early"]
FOR_GOOD = {"expired", "ended-intro", "ended-early"}
ENDS = FOR_GOOD | {"completed", "lapsed"}
SIDES = ["clock", "mentee", "mentor"]
CONFIRMED = {"intro": "active", "expired": "ended-early"}
UNCONFIRMED = {
    "active": "intro",
    "paused": "intro",
    "completed": "ended-intro",
    "ended-early": "ended-intro",
    "lapsed": "ended-intro",
}


def merge(a: Part, b: Part) -> Part:
    """Return the greater of each part."""
    yes_a, yes_b = a["confirmations"], b["confirmations"]
    return {
        "standing": max(a["standing"], b["standing"], key=_standing_key),
        "terms": max(a["terms"], b["terms"], key=_terms_key),
        "confirmations": {
            side: max((each[side] for each in (yes_a, yes_b) if side in each), key=_yes_key)
            for side in ("mentor", "mentee")
            if side in yes_a or side in yes_b
        },
    }


def receive(mine: Part, theirs: Part, sender: str, now: str) -> Part | str:
    """Return what comes of a message, or the reason why it is refused."""
    if _is_bad(theirs, _moment(now)):
        return "bad-shape"
    ours = "mentee" if sender == "mentor" else "mentor"
    standing, terms = theirs["standing"], theirs["terms"]
    if standing["by"] == ours:
        if _standing_key(standing) > _standing_key(mine["standing"]):
            return "wrong-owner"
        standing = mine["standing"]
    if terms["by"] == ours:
        if _terms_key(terms) > _terms_key(mine["terms"]):
            return "wrong-owner"
        terms = mine["terms"]
    if terms["version"] == mine["terms"]["version"] and _terms_key(terms) > _terms_key(mine["terms"]):
        return "wrong-owner"
    yes = {sender: theirs["confirmations"][sender]} if sender in theirs["confirmations"] else {}
    if ours in mine["confirmations"]:
        yes[ours] = mine["confirmations"][ours]
    return merge(mine, {"standing": standing, "terms": terms, "confirmations": yes})


def state_of(shared: Part) -> str:
    """Return the state that is shown."""
    state: str = shared["standing"]["state"]
    return (CONFIRMED if _is_confirmed(shared) else UNCONFIRMED).get(state, state)


def start_of(shared: Part) -> str | None:
    """Return `startTime`."""
    return max(yes["at"] for yes in shared["confirmations"].values()) if _is_confirmed(shared) else None


def end_of(shared: Part) -> str | None:
    """Return `endTime`."""
    day, started = shared["standing"].get("endsOn"), start_of(shared)
    if day is None and started is not None:
        days = round(max(shared["terms"]["values"].get("months", 0), 1) * 30.4375)
        day = (_moment(started) + timedelta(days=days)).date().isoformat()
    return f"{day}T00:00:00Z" if day is not None else None


def _is_confirmed(shared: Part) -> bool:
    version, yes = shared["terms"]["version"], shared["confirmations"]
    return version > 0 and all(yes.get(side, {}).get("version") == version for side in ("mentor", "mentee"))


def _standing_key(standing: Part) -> tuple[Any, ...]:
    return (
        standing["state"] in FOR_GOOD,
        standing["epoch"],
        standing["state"] in ENDS,
        standing["version"],
        STATES.index(standing["state"]),
        SIDES.index(standing["by"]),
        standing["at"],
        standing.get("pausedUntil", ""),
        standing.get("endsOn", ""),
    )


def _terms_key(terms: Part) -> tuple[Any, ...]:
    text = json.dumps(terms["values"], sort_keys=True, separators=(", ", ": "), ensure_ascii=True)
    return (terms["version"], SIDES.index(terms["by"]), text)


def _yes_key(yes: Part) -> tuple[Any, ...]:
    return (yes["version"], -_moment(yes["at"]).timestamp())


def _is_bad(theirs: Part, now: datetime) -> bool:
    standing, yes = theirs["standing"], theirs["confirmations"].values()
    if standing["state"] not in STATES or standing["by"] not in SIDES:
        return True
    if max(standing["version"], standing["epoch"], theirs["terms"]["version"]) > 1_000_000:
        return True
    if any(one["version"] > theirs["terms"]["version"] for one in yes):
        return True
    if any(_moment(at) > now + timedelta(days=1) for at in (standing["at"], *(one["at"] for one in yes))):
        return True
    if standing["state"] != "paused":
        return False
    back = standing.get("pausedUntil")
    latest = _moment(standing["at"]).date() + timedelta(days=90)
    return back is None or date.fromisoformat(back) > latest


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
