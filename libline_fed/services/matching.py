"""Mentors for somebody who looks for one: ordered, explained, and three others when an offer falls through.

The rules are in `domain/matching.py` and `domain/match_ranking.py`. Here is what the rows say, who may read
what, and whom the seeker has asked already. The index finds what comes first among all open offers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from libline_fed.domain.actors import Actor
from libline_fed.domain.match_ranking import Ranked, iso_week
from libline_fed.domain.match_ranking import rank as rank_offers
from libline_fed.domain.match_reasons import Reason, reasons
from libline_fed.domain.match_sentences import gate_sentence, match_sentence
from libline_fed.domain.matching import Gate, Offering, Score, score
from libline_fed.domain.mentorships import BEFORE, RUNNING, SUGGESTIONS_COUNT, State
from libline_fed.domain.offer_search import Placed
from libline_fed.domain.proposals import Proposal, Purpose
from libline_fed.domain.sessions import Session
from libline_fed.domain.viewers import Viewer
from libline_fed.services.match_inputs import seeker_of
from libline_fed.services.match_wishes import Wish, wish_of
from libline_fed.services.proposals import Listed
from libline_fed.services.site import Site
from libline_fed.storage import actors, matching, proposals, sessions
from libline_fed.storage.matching import ProposalInput
from libline_fed.storage.store import Tx

MATCHES_COUNT = 20
CANDIDATES_COUNT = 40  # among which a few suggestions are
ASKED_STATES = BEFORE | RUNNING
HIDDEN_KEY = "hides_scores"  # in what a session remembers
# Nobody learns from a sentence who has blocked them, or where somebody works who does not show it.
SILENT_GATES = frozenset({Gate.OWN, Gate.BLOCKED, Gate.CONFLICT, Gate.EXCLUDED})


@dataclass(frozen=True, slots=True)
class Explained:
    """How an offer fits a request and why, or which gates are closed between the two."""

    gates: tuple[Gate, ...]
    score: Score | None
    reasons: tuple[Reason, ...]

    def sentence(self, language: str, *, is_hidden: bool = False) -> str:
        """Return the reason line in a language, without its number if hidden; or why there is none.

        "" where that is nobody's business.
        """
        if self.score is None:
            told = [] if SILENT_GATES & set(self.gates) else self.gates
            return " ".join(gate_sentence(gate, language) for gate in told)
        return match_sentence(None if is_hidden else self.score.fit, self.reasons, language)


@dataclass(frozen=True, slots=True)
class Match:
    """An offer in its place in somebody's list."""

    listed: Listed
    explained: Explained
    is_wildcard: bool


@dataclass(frozen=True, slots=True)
class Matches:
    """Mentors for a request: those with room, those with a waiting list, and how many there are in all."""

    request: Proposal
    ready: list[Match]
    busy: list[Match]
    ready_count: int
    busy_count: int


async def rank(
    tx: Tx,
    site: Site,
    *,
    person: Actor,
    request_id: str | None = None,
    limit: int = MATCHES_COUNT,
    now: datetime,
) -> Matches | None:
    """Order the open offers that somebody may read for one of their open requests, else the latest.

    Offers of people whom the person has asked already, or works with, are left out. For read units only.
    Returns None for somebody who looks for nothing.
    """
    sources = await matching.open_ones_of(tx, person.id, Purpose.REQUEST, now.date())
    wanted = [source for source in sources if request_id in {None, source.id}]
    if not wanted:
        return None
    wish = await wish_of(tx, wanted[0], person, now.date(), excluded_states=ASKED_STATES)
    await site.offers.refresh(tx)
    question = await wish.question(tx, now=now)
    ready = site.offers.ranked(question, limit=limit)
    busy = site.offers.ranked(question, limit=limit, offset=ready.ready_count)
    request = await proposals.by_id(tx, wish.source.id)
    assert request is not None, "read in this transaction"
    return Matches(
        request,
        await _placed(tx, wish, [place for place in ready.items if not place.is_busy]),
        await _placed(tx, wish, busy.items),
        ready.ready_count,
        ready.busy_count,
    )


async def suggestions(
    tx: Tx,
    site: Site,
    *,
    mentee: Actor,
    like_proposal_id: str | None,
    limit: int = SUGGESTIONS_COUNT,
    now: datetime,
) -> list[Match]:
    """Return other offers with room for somebody whose request came to nothing.

    They fit what the mentee looks for in an open request, else they are like the offer that fell through: its
    areas, goals, languages and ways to meet. Nobody is suggested whom the mentee has asked before.
    """
    fallen = await matching.by_ids(tx, [like_proposal_id] if like_proposal_id else [])
    sources = await matching.open_ones_of(tx, mentee.id, Purpose.REQUEST, now.date()) + fallen
    if not sources:
        return []
    wish = await wish_of(tx, sources[0], mentee, now.date(), excluded_states=list(State))
    seeker = replace(
        wish.seeker, uri=mentee.uri, excluded=wish.seeker.excluded | {offer.author_uri for offer in fallen}
    )
    if sources[0].author_id != mentee.id:  # what the mentor said of themselves is not the mentee's
        seeker = replace(seeker, stage=None, types=frozenset(), institution=None)
    wish = replace(wish, seeker=seeker, is_for_member=site.uris.is_local(mentee.uri))
    offers = await _candidates(tx, site, wish, mentee, now)
    found = rank_offers(wish.seeker, [wish.offering(offer) for offer in offers], week=iso_week(now))
    return await _shown(tx, wish, found.ready[:limit])


async def explain_for(
    tx: Tx, person: Actor, shown: Sequence[Proposal], *, now: datetime, wish: Wish | None = None
) -> dict[str, Explained]:
    """Say by proposal id how each of some proposals fits.

    Offers are compared with the latest open request of the person (`wish`, where it has been read already),
    requests with the offer of theirs that fits best. What cannot be compared, because there is no such
    request or offer, is left out; so are the person's own.
    """
    ids = {
        purpose: [one.id for one in shown if one.purpose == purpose and one.author_id != person.id]
        for purpose in Purpose
    }
    explained: dict[str, Explained] = {}
    if not any(ids.values()):
        return explained
    today = now.date()
    if ids[Purpose.OFFER] and wish is None:
        sources = await matching.open_ones_of(tx, person.id, Purpose.REQUEST, today)
        wish = await wish_of(tx, sources[0], person, today) if sources else None
    if wish is not None:
        for offer in await matching.by_ids(tx, ids[Purpose.OFFER]):
            explained[offer.id] = _explained(wish, wish.offering(offer))
    own = await matching.open_ones_of(tx, person.id, Purpose.OFFER, today) if ids[Purpose.REQUEST] else []
    if own:
        avoided = await matching.avoided_uris(tx, person.id)
        for request in await matching.by_ids(tx, ids[Purpose.REQUEST]):
            theirs = {person.uri} if request.author_uri in avoided else set()
            seeker = seeker_of(request, avoided=theirs, is_for_member=person.is_local)
            their_wish = Wish(request, seeker, is_for_member=True, week=today)  # the offers are the reader's
            found = [_explained(their_wish, their_wish.offering(offer)) for offer in own]
            explained[request.id] = max(found, key=lambda one: one.score.fit if one.score else -1)
    return explained


def hides_scores(session: Session | None) -> bool:
    """Tell whether somebody has chosen to see no numbers in this browser."""
    return session is not None and session.data.get(HIDDEN_KEY) is True


async def set_scores_hidden(tx: Tx, session: Session, *, is_hidden: bool) -> None:
    """Remember whether somebody wants to see numbers; as long as the session lives."""
    await sessions.set_data(tx, session.token_hash, session.data | {HIDDEN_KEY: is_hidden})


# --- inside -----------------------------------------------------------------------------------------


def _explained(wish: Wish, offering: Offering) -> Explained:
    return Explained(*wish.compared(offering))


async def _candidates(tx: Tx, site: Site, wish: Wish, mentee: Actor, now: datetime) -> list[ProposalInput]:
    """Return offers among which the best surely are: those of the index, and what changed since.

    Without an index all of them. What a write unit sees may be undone, so it is not put into the index here.
    """
    viewer = Viewer(mentee, is_member=wish.is_for_member)
    if not site.offers.is_ready:
        return await matching.open_offers(tx, viewer, now.date())
    places = site.offers.ranked(await wish.question(tx, now=now), limit=CANDIDATES_COUNT)
    ids = {place.proposal_id for place in places.items} | await site.offers.unseen(tx)
    return await matching.open_offers(tx, viewer, now.date(), ids=ids)


async def _placed(tx: Tx, wish: Wish, places: Sequence[Placed]) -> list[Match]:
    """Score again what the index found, by its rows; what is not there any more is left out."""
    ids = [place.proposal_id for place in places]
    by_id = {offer.id: wish.offering(offer) for offer in await matching.by_ids(tx, ids)}
    ranked = [
        Ranked(by_id[place.proposal_id], score(wish.seeker, by_id[place.proposal_id]), place.is_wildcard)
        for place in places
        if place.proposal_id in by_id
    ]
    return await _shown(tx, wish, ranked)


async def _shown(tx: Tx, wish: Wish, ranked: Sequence[Ranked]) -> list[Match]:
    """Load what is shown of offers: their text and authors."""
    by_uri = await proposals.by_uris(tx, [item.offering.uri for item in ranked])
    authors = await actors.by_ids(tx, {proposal.author_id for proposal in by_uri.values()})
    shown = []
    for item in ranked:
        proposal = by_uri[item.offering.uri]
        said = reasons(wish.seeker, item.offering, item.score)
        shown.append(
            Match(
                Listed(proposal, authors[proposal.author_id]),
                Explained((), item.score, said),
                item.is_wildcard,
            )
        )
    return shown
