"""A coordinator finds mentors for a member's request and suggests up to three. The member decides and asks.

Coordinators see what members here see. They look for members who have not turned it off: for public requests,
and for others of those who want it. Nothing is ever asked in a member's name, and the mentors hear nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from libline_fed.domain.accounts import Account, Role, require_authority
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal, Status
from libline_fed.domain.suggestions import Suggestion, Wish, check_chosen
from libline_fed.domain.viewers import Viewer
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.ids import new_id
from libline_fed.services import mail_texts, mails, matching
from libline_fed.services.matching import Match, Matches
from libline_fed.services.mentorship_mails import name_in_mail
from libline_fed.services.notifications import notify
from libline_fed.services.site import Site
from libline_fed.services.translations import translator
from libline_fed.storage import accounts, actors, directory, proposals, suggestions, visibility
from libline_fed.storage.store import Tx

PER_PAGE = 20
SHOWN_COUNT = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """A member's open request, and how many suggestions it has."""

    request: Proposal
    author: Actor
    suggestions_count: int


@dataclass(frozen=True, slots=True)
class Looked:
    """A request, whose it is, which offers fit it, and which were suggested."""

    request: Proposal
    author: Actor
    matches: Matches
    suggested_ids: set[str]  # of offers


@dataclass(frozen=True, slots=True)
class Suggested:
    """What a member is shown of a suggestion."""

    suggestion: Suggestion
    request: Proposal
    offer: Proposal
    author: Actor  # of the offer
    coordinator: Actor


# --- for coordinators ---------------------------------------------------------------------------------


async def waiting(tx: Tx, *, coordinator: Actor, page: int, now: datetime) -> tuple[list[Waiting], bool]:
    """Return a page of requests to look for, the longest waiting first, and whether more follow."""
    shown = await visibility.shown_to(tx, Viewer(coordinator, is_member=True), now.date())
    found = await suggestions.open_requests(
        tx, shown, but_of=coordinator.id, limit=PER_PAGE + 1, offset=(page - 1) * PER_PAGE
    )
    known = await suggestions.of_requests(tx, [request.id for request, _ in found])
    listed = [
        Waiting(request, author, sum(one.request_id == request.id for one in known))
        for request, author in found[:PER_PAGE]
    ]
    return listed, len(found) > PER_PAGE


async def look(tx: Tx, site: Site, *, coordinator: Actor, request_id: str, now: datetime) -> Looked:
    """Return the offers that fit a member's request, in the order in which the member has them.

    Ask it in a read unit: offers are compared by the index.
    Raises: NotFound if there is no such request, or its author does not want this.
    """
    request, author = await _wanted(tx, coordinator, request_id, now)
    matches = await matching.rank(
        tx, site, person=author, request_id=request.id, limit=SHOWN_COUNT, now=now
    )
    if matches is None:
        raise NotFound(f"request {request_id} is not open")
    known = await suggestions.of_requests(tx, [request.id])
    return Looked(request, author, matches, {one.offer_id for one in known})


async def send(
    tx: Tx,
    site: Site,
    *,
    by: Account,
    coordinator: Actor,
    looked: Looked,
    offer_ids: Sequence[str],
    now: datetime,
) -> int:
    """Suggest offers to whose request it is; return how many are new. The same again changes nothing.

    `looked` is what `look` returned before; who blocks whom and what is open is asked again.

    Raises: Forbidden unless by a coordinator; NotFound as `look`, and for an offer that does not fit;
    InvalidInput without an offer; Conflict for more than three.
    """
    require_authority(by, role=Role.COORDINATOR)
    request_id = looked.request.id
    await proposals.by_id(tx, request_id, is_locked=True)  # two coordinators at once: one after the other
    request, member = await _wanted(tx, coordinator, request_id, now)
    known = {one.offer_id for one in await suggestions.of_requests(tx, [request_id])}
    chosen = list(dict.fromkeys(offer_ids))
    check_chosen(chosen, known)
    new = [offer_id for offer_id in chosen if offer_id not in known]
    fitting = {match.listed.proposal.id for match in offered(looked.matches)}
    shown = await directory.shown(tx, Viewer(member, is_member=True), new, now.date())
    if not fitting.issuperset(new) or not shown.keys() >= set(new):
        raise NotFound("an offer that does not fit the request")
    for offer_id in new:
        made = Suggestion(new_id(now), request_id, offer_id, member.id, coordinator.id, now)
        await suggestions.add(tx, made)
    if new:
        count = len(known) + len(new)
        await _tell(tx, site, request, member, coordinator, event=f"{count}", now=now)
    return len(new)


def offered(matches: Matches) -> list[Match]:
    """Return the offers that can be suggested: those with a free place, then those with a waiting list."""
    return [*matches.ready, *matches.busy]


# --- for the member -----------------------------------------------------------------------------------


async def for_member(tx: Tx, member: Actor, *, now: datetime) -> list[Suggested]:
    """Return what was suggested to a member and can still be asked for, the oldest first."""
    listed = await suggestions.of_member(tx, member.id)
    if not listed:
        return []
    ids = {one.offer_id for one in listed} | {one.request_id for one in listed}
    viewer = Viewer(member, is_member=True)
    found = await directory.shown(tx, viewer, ids, now.date())
    coordinators = await actors.by_ids(tx, {one.coordinator_id for one in listed})
    return [
        Suggested(
            one,
            found[one.request_id][0],
            *found[one.offer_id],
            coordinators[one.coordinator_id],
        )
        for one in listed
        if one.offer_id in found
        and one.request_id in found
        and found[one.request_id][0].status == Status.OPEN
        and one.coordinator_id in coordinators
    ]


async def wish_of(tx: Tx, member: Actor) -> Wish:
    """Return for which requests a member wants suggestions."""
    return await suggestions.wish_of(tx, member.id)


async def set_wish(tx: Tx, member: Actor, wish: str, *, now: datetime) -> None:
    """Note for which requests a member wants suggestions; with none, those that are there go.

    Raises: InvalidInput.
    """
    if wish not in list(Wish):
        raise InvalidInput({"wish": "Choose one of the list."})
    await suggestions.set_wish(tx, member.id, Wish(wish), now)
    if wish == Wish.NONE:
        await suggestions.remove_all_of(tx, member.id)


async def dismiss(tx: Tx, member: Actor, suggestion_id: str) -> None:
    """Throw a suggestion away; one that is gone already is fine. Who made it is not told."""
    await suggestions.remove(tx, member.id, suggestion_id)


# --- inside -------------------------------------------------------------------------------------------


async def _wanted(
    tx: Tx, coordinator: Actor, request_id: str, now: datetime
) -> tuple[Proposal, Actor]:
    """Return a request for which a coordinator may look, and whose it is.

    Raises: NotFound.
    """
    shown = await visibility.shown_to(tx, Viewer(coordinator, is_member=True), now.date())
    found = await suggestions.open_requests(
        tx, shown, but_of=coordinator.id, request_id=request_id, limit=1
    )
    if not found:
        raise NotFound(f"no request {request_id} to look for")
    return found[0]


async def _tell(
    tx: Tx,
    site: Site,
    request: Proposal,
    member: Actor,
    coordinator: Actor,
    *,
    event: str,
    now: datetime,
) -> None:
    """Tell the member on the page and by mail, without a word of anybody's."""
    is_news = await notify(
        tx,
        account_actor_id=member.id,
        kind="suggestion",
        from_actor_id=coordinator.id,
        subject_uri=request.uri,
        event=event,
        now=now,
    )
    account = await accounts.by_actor(tx, member.id)
    if not is_news or account is None or not account.is_active:
        return
    translate = translator(account.language, site.default_language)
    text = mail_texts.compose(
        site,
        translate,
        translate("A mentor is suggested to you"),
        translate("%(name)s has looked for mentors for your request, and suggests somebody to you."),
        translate("Nobody was asked for you. To see who it is, and to decide, open this page:"),
        f"{site.uris.base_url}/suggestions",
        translate("If you want no suggestions, you can turn them off on the same page."),
        name=name_in_mail(coordinator),
    )
    await mails.send(tx, account.email, text, now=now)
