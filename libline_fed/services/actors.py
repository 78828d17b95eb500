"""People and other actors: reading them, and what members change about themselves."""

from collections.abc import Sequence
from datetime import datetime

from libline_fed import vocabulary
from libline_fed.activitypub.build import build_tombstone
from libline_fed.domain.accounts import Member
from libline_fed.domain.actors import Actor
from libline_fed.domain.keys import PublicKeys
from libline_fed.domain.profiles import ProfileDetails
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.sanitize import clean_line, clean_text, linkify_text
from libline_fed.services import accounts, credentials, drafts, mentorship_ends, outbox, profiles, proposals
from libline_fed.services.documents import actor_document
from libline_fed.services.limits import Limits
from libline_fed.services.outbox import PUBLIC
from libline_fed.services.site import Site
from libline_fed.storage import (
    absences,
    actors,
    arrivals,
    deliveries,
    follows,
    imports,
    records,
    suggestions,
)
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage.store import Store, Tx

MAX_NAME_CHARACTERS = 100
MAX_SUMMARY_CHARACTERS = 2_000
MAX_FIELDS = 8
MAX_FIELD_CHARACTERS = 250
MAX_LANGUAGES = 10


async def get(tx: Tx, actor_id: str) -> Actor:
    """Return an actor.

    Raises: NotFound.
    """
    return _found(await actors.by_id(tx, actor_id), actor_id)


async def by_uri(tx: Tx, uri: str) -> Actor:
    """Return an actor by URI.

    Raises: NotFound.
    """
    return _found(await actors.by_uri(tx, uri), uri)


async def by_handle(tx: Tx, handle: str) -> Actor:
    """Return a member by handle, in whatever case it is written.

    Raises: NotFound.
    """
    return _found(await actors.local_by_handle(tx, handle), handle)


async def edit_profile(  # noqa: PLR0913  a profile has these parts
    tx: Tx,
    site: Site,
    *,
    actor_id: str,
    name: str,
    summary_text: str,
    languages: Sequence[str],
    fields: Sequence[tuple[str, str]],
    is_discoverable: bool,
    manually_approves_followers: bool,
    now: datetime,
    details: ProfileDetails | None = None,
    type_: str | None = None,
) -> Actor:
    """Change what a member says of themselves, and tell their followers.

    `details` and `type_` None stay as they are.

    Raises: InvalidInput.
    """
    problems = _problems(name, summary_text, languages, fields)
    before = await get(tx, actor_id)
    facts, found = await profiles.checked_columns(
        tx, details or profiles.facts(before), type_=type_ or before.type, languages=languages
    )
    if problems | found:
        raise InvalidInput(problems | found)
    actor = await actors.change(
        tx,
        actor_id,
        now,
        name=clean_line(name, MAX_NAME_CHARACTERS),
        summary_text=clean_text(summary_text),
        summary_html=linkify_text(summary_text),
        languages=list(dict.fromkeys(map(vocabulary.canonical_language, languages))),
        fields=[[clean_line(label, MAX_FIELD_CHARACTERS), linkify_text(value)] for label, value in fields],
        is_discoverable=is_discoverable,
        manually_approves_followers=manually_approves_followers,
        **facts,
    )
    await _announce(tx, site, actor, now=now)
    return actor


async def announce_keys(tx: Tx, site: Site, *, actor_id: str, keys: PublicKeys, now: datetime) -> str | None:
    """Tell followers of an actor's next key, signed with the present one."""
    return await _announce(tx, site, await get(tx, actor_id), keys=keys, now=now)


async def prove_and_delete(
    store: Store, limiter: Limits, site: Site, *, account_id: str, password: str, now: datetime
) -> None:
    """Delete a member's own account after checking the password.

    Raises: InvalidInput for field `password`; Conflict for the only admin; NotFound; TooManyTries.
    """
    member = await credentials.prove(store, limiter, account_id, password, field_name="password", now=now)

    async def unit(tx: Tx) -> None:
        await credentials.require_unchanged(tx, member.account, "password")
        await delete_account(tx, site, account_id=account_id, actor_id=member.actor.id, now=now)

    await store.write(unit)


async def delete_account(tx: Tx, site: Site, *, account_id: str, actor_id: str, now: datetime) -> Member:
    """Delete a member: take proposals back, tell every server that heard of them, and remove the account.

    The keys stay until the news has gone out; the address answers 410 for ever.
    """
    actor = await get(tx, actor_id)
    await mentorship_ends.person_gone(tx, site, actor, now=now)
    for proposal in await proposal_rows.of_author(tx, actor_id):
        await proposals.take_back(tx, site, proposal, actor, now=now)
    await proposal_rows.remove_of(tx, actor_id)  # had there been more than are listed at once
    inboxes = dict.fromkeys(await follows.inboxes_around(tx, actor_id))
    inboxes |= dict.fromkeys(await deliveries.inboxes_ever(tx, actor_id))
    await outbox.publish(
        tx,
        site,
        actor=actor,
        type_="Delete",
        object_=build_tombstone(actor.uri, former_type=actor.type, deleted_at=now),
        object_uri=actor.uri,
        to=[PUBLIC],
        inboxes=list(inboxes),
        is_public=True,
        now=now,
    )
    await follows.remove_all_of(tx, actor_id)
    await drafts.drop_all(tx, actor_id)
    await absences.remove_of(tx, actor_id)
    await records.remove_of(tx, actor_id)
    await imports.remove_of(tx, actor_id)
    await arrivals.remove_of(tx, actor_id)
    await suggestions.forget(tx, actor_id)
    return await accounts.delete_account(tx, site, account_id=account_id, now=now)


async def _announce(
    tx: Tx, site: Site, actor: Actor, *, keys: PublicKeys | None = None, now: datetime
) -> str | None:
    if not actor.is_usable:
        return None
    return await outbox.publish(
        tx,
        site,
        actor=actor,
        type_="Update",
        object_=await actor_document(tx, site, actor, keys=keys),
        object_uri=actor.uri,
        to=[PUBLIC],
        cc=[actor.followers_uri] if actor.followers_uri else [],
        is_public=True,
        now=now,
    )


def _problems(
    name: str, summary_text: str, languages: Sequence[str], fields: Sequence[tuple[str, str]]
) -> dict[str, str]:
    problems: dict[str, str] = {}
    if len(name) > MAX_NAME_CHARACTERS:
        problems["name"] = "The name is too long: 100 characters at most."
    if len(summary_text) > MAX_SUMMARY_CHARACTERS:
        problems["summary_text"] = "The text is too long: 2,000 characters at most."
    if len(languages) > MAX_LANGUAGES or not all(vocabulary.is_language(tag) for tag in languages):
        problems["languages"] = "Write language codes such as en, es or fr, 10 at most."
    if len(fields) > MAX_FIELDS or any(max(len(a), len(b)) > MAX_FIELD_CHARACTERS for a, b in fields):
        problems["fields"] = "At most 8 lines, each with 250 characters at most."
    return problems


def _found(actor: Actor | None, what: str) -> Actor:
    if actor is None:
        raise NotFound(f"no actor {what[:200]}")
    return actor
