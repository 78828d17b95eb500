"""Being away: holidays, on which no clock runs, and one button that pauses everything."""

from collections.abc import Collection
from datetime import date, datetime

from libline_fed.domain.absences import MAX_ABSENCES, Absence, away_until, check_absence
from libline_fed.domain.accounts import Account
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Marker, Status, marked, marker_of
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.ids import new_id
from libline_fed.services import proposals
from libline_fed.services.site import Site
from libline_fed.storage import absences, accounts, actors
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage.store import Tx


async def add(
    tx: Tx, *, actor_id: str, from_on: date | None, until_on: date | None, now: datetime
) -> Absence:
    """Note a holiday of a member; the same days twice are one holiday.

    Raises: InvalidInput, keyed by field.
    """
    first, last = check_absence(from_on, until_on, now.date())
    known = await absences.of_actor(tx, actor_id)
    same = next((one for one in known if (one.from_on, one.until_on) == (first, last)), None)
    if same is not None:
        return same
    if await absences.count(tx, actor_id, since=now.date()) >= MAX_ABSENCES:
        raise InvalidInput({"": "You have 20 holidays here. Remove one first."})
    absence = Absence(new_id(now), actor_id, first, last, now)
    await absences.add(tx, absence)
    return absence


async def list_coming(tx: Tx, actor_id: str, *, now: datetime) -> list[Absence]:
    """Return the holidays of a member that are not over, the earliest first."""
    return [one for one in await absences.of_actor(tx, actor_id) if one.until_on >= now.date()]


async def remove(tx: Tx, *, actor_id: str, absence_id: str) -> None:
    """Take a holiday back.

    Raises: NotFound if the member has no such holiday.
    """
    if not await absences.remove(tx, absence_id, actor_id=actor_id):
        raise NotFound(f"no absence {absence_id} of {actor_id}")


async def away(tx: Tx, people: Collection[Actor], *, now: datetime) -> dict[str, date]:
    """Return until when those are away who are, by their id. Of people elsewhere nothing is known."""
    known = await absences.of_actors(tx, [person.id for person in people if person.is_local])
    found = ((actor_id, away_until(listed, now.date())) for actor_id, listed in known.items())
    return {actor_id: last for actor_id, last in found if last is not None}


async def pause_all(tx: Tx, site: Site, *, account_id: str, now: datetime) -> None:
    """Pause everything a member offers and looks for; they take no new requests. Pausing twice is once.

    Raises: NotFound.
    """
    account = await _locked(tx, account_id)
    if account.is_paused:
        return
    await accounts.change(tx, account.id, is_paused=True)
    author = await actors.by_id(tx, account.actor_id)
    assert author is not None, "every account has an actor"
    for known in await proposal_rows.of_author(tx, author.id):
        before = await proposal_rows.by_id(tx, known.id, is_locked=True)
        if before is None:
            continue
        # What its author called full stays so; what filled itself would open itself meanwhile.
        is_filled = before.status == Status.FULL and marker_of(before.details) is Marker.FILLED
        if before.status == Status.OPEN or is_filled:
            details = marked(before.details, Marker.PAUSED_ALL)
            await proposals.become(tx, site, before, author, now=now, status=Status.PAUSED, details=details)


async def resume_all(tx: Tx, site: Site, *, account_id: str, now: datetime) -> None:
    """End the pause: what it paused is open again, or full if no place is free. Resuming twice is once.

    Raises: NotFound.
    """
    account = await _locked(tx, account_id)
    if not account.is_paused:
        return
    await accounts.change(tx, account.id, is_paused=False)
    author = await actors.by_id(tx, account.actor_id)
    assert author is not None, "every account has an actor"
    for known in await proposal_rows.of_author(tx, author.id):
        before = await proposal_rows.by_id(tx, known.id, is_locked=True)
        if before is None or marker_of(before.details) is not Marker.PAUSED_ALL:
            continue
        is_over = before.open_until_on is not None and before.open_until_on < now.date()
        status = Status.CLOSED if is_over else Status.OPEN
        details = marked(before.details, None)
        await proposals.become(tx, site, before, author, now=now, status=status, details=details)


async def _locked(tx: Tx, account_id: str) -> Account:
    account = await accounts.locked(tx, account_id)
    if account is None:
        raise NotFound(f"there is no account {account_id}")
    return account
