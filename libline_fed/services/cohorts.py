"""Cohorts: rounds that a consortium runs together, from a first to a last day, about some topics.

Those of a consortium hosted here are written by who runs it; those of others come with what it says of
itself. Members of every server in the consortium find the open ones on the first page and in the lists.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from libline_fed import vocabulary
from libline_fed.domain.accounts import Account
from libline_fed.domain.actors import Actor
from libline_fed.domain.cohorts import MAX_COHORTS, Cohort, CohortDraft, check_cohort
from libline_fed.errors import Conflict, NotFound
from libline_fed.ids import new_id
from libline_fed.sanitize import clean_line, clean_text
from libline_fed.services import consortia, consortium_views, outbox
from libline_fed.services.audiences import followers_of
from libline_fed.services.documents import actor_document
from libline_fed.services.outbox import PUBLIC
from libline_fed.services.site import Site
from libline_fed.storage import actors, cohorts
from libline_fed.storage import consortia as consortium_rows
from libline_fed.storage.store import Tx

MAX_INPUT_CHARACTERS = 1_000
MAX_SHOWN = 5  # on first pages and above lists


@dataclass(frozen=True, slots=True)
class Shown:
    """A cohort and its consortium."""

    cohort: Cohort
    group: Actor


async def open_here(tx: Tx, site: Site, *, now: datetime) -> list[Shown]:
    """List the cohorts that are open today in the consortia of this server, five that close first."""
    found = await cohorts.open_here(tx, site.uris.instance_actor, now.date(), limit=MAX_SHOWN)
    return [Shown(_known(one), group) for one, group in found]


async def get(tx: Tx, site: Site, cohort_id: str) -> Shown:
    """Return a cohort of one of the consortia of this server.

    Raises: NotFound.
    """
    found = await cohorts.by_id(tx, cohort_id)
    groups = {group.id: group for group in await _groups(tx, site)}
    if found is None or found.group_id not in groups:
        raise NotFound(f"no cohort {cohort_id}")
    return Shown(_known(found), groups[found.group_id])


async def add(
    tx: Tx,
    site: Site,
    *,
    group_id: str,
    draft: CohortDraft,
    account: Account | None,
    now: datetime,
    cohort_id: str | None = None,
) -> Cohort:
    """Begin a cohort in a consortium hosted here. `cohort_id` where its address must be known before.

    Raises: InvalidInput, keyed by field; NotFound, Forbidden, Conflict.
    """
    await consortia.require_run(tx, group_id, account)
    if len(await cohorts.of_group(tx, group_id)) >= MAX_COHORTS:
        raise Conflict("too many cohorts", safe="There are 50 cohorts. Delete one that is over first.")
    draft = _cleaned(draft)
    opens_on, closes_on = check_cohort(draft, today=now.date(), is_area=vocabulary.is_area, is_new=True)
    cohort_id = cohort_id or new_id(now)
    made = Cohort(
        cohort_id,
        group_id,
        site.uris.cohort(cohort_id),
        draft.name,
        draft.orientation_text,
        draft.language,
        list(draft.areas),
        opens_on,
        closes_on,
        now,
        now,
    )
    await cohorts.add(tx, made)
    await _tell(tx, site, group_id, now=now)
    return made


async def edit(
    tx: Tx, site: Site, *, cohort_id: str, draft: CohortDraft, account: Account | None, now: datetime
) -> Cohort:
    """Change a cohort of a consortium hosted here.

    Raises: InvalidInput, keyed by field; NotFound, Forbidden, Conflict.
    """
    before = await _mine(tx, cohort_id, account)
    draft = _cleaned(draft)
    opens_on, closes_on = check_cohort(draft, today=now.date(), is_area=vocabulary.is_area, is_new=False)
    await cohorts.change(
        tx,
        cohort_id,
        name=draft.name,
        orientation_text=draft.orientation_text,
        language=draft.language,
        areas=list(draft.areas),
        opens_on=opens_on,
        closes_on=closes_on,
        updated_at=now,
    )
    await _tell(tx, site, before.group_id, now=now)
    return before


async def remove(tx: Tx, site: Site, *, cohort_id: str, account: Account | None, now: datetime) -> Cohort:
    """Delete a cohort of a consortium hosted here.

    Raises: NotFound, Forbidden, Conflict.
    """
    before = await _mine(tx, cohort_id, account)
    await cohorts.remove(tx, cohort_id)
    await _tell(tx, site, before.group_id, now=now)
    return before


async def mine(tx: Tx, cohort_id: str, account: Account | None) -> Shown:
    """Return a cohort that somebody may change, with its consortium.

    Raises: NotFound, Forbidden, Conflict.
    """
    found = await cohorts.by_id(tx, cohort_id)
    if found is None:
        raise NotFound(f"no cohort {cohort_id}")
    return Shown(found, (await consortium_views.run_here(tx, found.group_id, account)).group)


# --- inside -----------------------------------------------------------------------------------------


async def _mine(tx: Tx, cohort_id: str, account: Account | None) -> Cohort:
    found = await cohorts.by_id(tx, cohort_id)
    if found is None:
        raise NotFound(f"no cohort {cohort_id}")
    await consortia.require_run(tx, found.group_id, account)
    return found


async def _groups(tx: Tx, site: Site) -> Collection[Actor]:
    """Return the Groups that this server is a member of or hosts."""
    hosted = [group for _, group in await consortium_rows.hosted(tx)]
    return [*await consortium_rows.groups_of(tx, site.uris.instance_actor), *hosted]


def _known(cohort: Cohort) -> Cohort:
    """Leave out topics that this version of the vocabulary does not have."""
    return replace(cohort, areas=[area for area in cohort.areas if vocabulary.is_area(area)])


async def _tell(tx: Tx, site: Site, group_id: str, *, now: datetime) -> None:
    """Say that the Group has changed: the servers in the consortium then read its list of cohorts again."""
    group = await actors.by_id(tx, group_id)
    assert group is not None, "a cohort goes with its Group"
    await outbox.publish(
        tx,
        site,
        actor=group,
        type_="Update",
        object_=await actor_document(tx, site, group),
        object_uri=group.uri,
        to=[PUBLIC],
        cc=followers_of(group),
        is_public=True,
        now=now,
    )


def _cleaned(draft: CohortDraft) -> CohortDraft:
    return CohortDraft(
        clean_line(draft.name, MAX_INPUT_CHARACTERS),
        clean_text(draft.orientation_text),
        vocabulary.canonical_language(draft.language) or "en",
        tuple(dict.fromkeys(draft.areas)),
        draft.opens_on,
        draft.closes_on,
    )
