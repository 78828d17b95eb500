"""Advice about other servers: lists that consortia publish, read here, confirmed or dismissed by an admin.

A list is read once a day. What it says is a proposal to the admin; only an admin who said so for that
consortium lets it apply by itself, and then not about servers that are linked with this one or are members of
a consortium beside it. What was confirmed stays until an admin lifts it, whatever the list says later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libline_fed.domain.actors import Actor
from libline_fed.domain.advice import (
    READ_EVERY,
    TRY_AGAIN_AFTER,
    Advice,
    AdviceList,
    AdviceState,
    state_after,
    strengthens,
)
from libline_fed.domain.block_lists import Reading, refusal_of
from libline_fed.domain.peers import Policy, covering
from libline_fed.errors import Conflict, NotFound
from libline_fed.services import peers, trust
from libline_fed.services.site import Site
from libline_fed.services.translations import N_, catalogue
from libline_fed.storage import actors, advice, circles
from libline_fed.storage import peers as peer_rows
from libline_fed.storage.store import Tx

APPLIED_AT_ONCE = 100  # servers in one transaction
LISTS_AT_ONCE = 20
ADVISED = N_("Advised by %(who)s.")
NOT_HERE = "This cannot be blocked: it is this server, or a whole domain that belongs to many."


@dataclass(frozen=True, slots=True)
class Counsel:
    """One piece of advice, with what is decided about the server now."""

    advice: Advice
    policy: str
    is_close: bool  # linked with us, or a member beside us


# --- asking -------------------------------------------------------------------------------------------


async def counsel(tx: Tx, site: Site, group_id: str) -> list[Counsel]:
    """List what a consortium advises: what waits first, then by name."""
    found, close = await advice.of_group(tx, group_id), await close_hosts(tx, site)
    policies = await peer_rows.policies_of(tx, [one.host for one in found])
    listed = [
        Counsel(one, policies.get(one.host, Policy.DEFAULT), reaches(one.host, close)) for one in found
    ]
    return sorted(listed, key=lambda one: (one.advice.state != AdviceState.OPEN, one.advice.host))


async def group_of(tx: Tx, group_id: str) -> Actor:
    """Return a consortium of whose advice something is kept, also one that this server has left.

    Raises: NotFound.
    """
    group = await actors.by_id(tx, group_id)
    if group is None or not await advice.of_group(tx, group_id):
        raise NotFound(f"nothing of {group_id} is kept")
    return group


async def close_hosts(tx: Tx, site: Site) -> set[str]:
    """Return the hosts that nothing decides about by itself: linked servers, co-members, their consortia."""
    linked = {actor.host for actor in await circles.linked(tx, site.uris.instance_actor)}
    return linked | {group.host for group, _ in (await trust.known_groups(tx, site)).values()}


def reaches(host: str, close: set[str]) -> bool:
    """Tell whether a block of a host would reach one of these."""
    return any(host in covering(one) for one in close)


# --- reading ------------------------------------------------------------------------------------------


async def keep_up(tx: Tx, site: Site, *, now: datetime) -> None:
    """Read the lists of the consortia that this server is in, hosts or follows, and no others."""
    known = {group.id: group for group, _ in (await trust.known_groups(tx, site)).values()}
    urls = {group_id: url for group_id, group in known.items() if (url := _list_url(site, group)) is not None}
    for group_id in set(await advice.all_lists(tx)) - set(urls):
        await _let_go(tx, group_id)
    for group_id, url in sorted(urls.items()):
        await advice.put_list(tx, group_id, url, now)


def _list_url(site: Site, group: Actor) -> str | None:
    if group.is_local:
        return site.uris.collection(group.uri, "blocked-domains.json")
    url = group.details.get("blocked_domains_url")
    return url if isinstance(url, str) else None


async def _let_go(tx: Tx, group_id: str) -> None:
    await _merge(tx, group_id, [], set())
    await advice.remove_list(tx, group_id)


async def due(tx: Tx, *, now: datetime) -> list[tuple[AdviceList, Actor]]:
    """Return the lists that are to be read now, twenty at most, with their Groups."""
    lists = await advice.due_lists(tx, now, limit=LISTS_AT_ONCE)
    groups = await actors.by_ids(tx, [one.group_id for one in lists])
    return [(one, groups[one.group_id]) for one in lists if one.group_id in groups]


async def receive(
    tx: Tx, group_id: str, reading: Reading | None, *, etag: str | None, now: datetime
) -> None:
    """Take in a list as it is now; None: it is as it was."""
    if reading is not None:
        known = {one.host: one for one in await advice.of_group(tx, group_id)}
        policies = await peer_rows.policies_of(tx, [entry.host for entry in reading.entries])
        values = []
        for entry in reading.entries:
            before = known.get(entry.host)
            state = state_after(before, entry.policy)
            decided_at = before.decided_at if before is not None and before.state == state else None
            if state == AdviceState.OPEN and not strengthens(
                entry.policy, policies.get(entry.host, Policy.DEFAULT)
            ):
                state, decided_at = AdviceState.CONFIRMED, now  # it is so already
            values.append(
                {
                    "group_id": group_id,
                    "host": entry.host,
                    "severity": entry.policy,
                    "reason_text": entry.reason,
                    "since_on": entry.since_on,
                    "state": state.value,
                    "seen_at": now,
                    "decided_at": decided_at,
                }
            )
        await _merge(tx, group_id, values, {entry.host for entry in reading.entries})
    await advice.change_list(
        tx, group_id, etag=etag, fetched_at=now, last_error=None, next_due_at=now + READ_EVERY
    )


async def _merge(tx: Tx, group_id: str, values: Sequence[dict[str, Any]], named: set[str]) -> None:
    gone = [one for one in await advice.of_group(tx, group_id) if one.host not in named]
    await advice.put_many(tx, values)
    await advice.forget(tx, group_id, {one.host for one in gone if one.state == AdviceState.OPEN})
    await advice.withdraw(tx, group_id, {one.host for one in gone if one.state != AdviceState.OPEN})


async def fail(tx: Tx, group_id: str, error: str, *, now: datetime) -> None:
    """Note that a list could not be read; what it said before stays."""
    await advice.change_list(tx, group_id, last_error=error[:500], next_due_at=now + TRY_AGAIN_AFTER)


async def apply_open(tx: Tx, site: Site, group_id: str, *, now: datetime) -> int:
    """Apply what waits of a list that applies by itself, 100 servers at most; return how many.

    Left for an admin: servers close to this one, and those that were allowed by hand.
    """
    listed, group = await advice.get_list(tx, group_id), await actors.by_id(tx, group_id)
    if listed is None or group is None or not listed.is_automatic:
        return 0
    ready = [
        one
        for one in await counsel(tx, site, group_id)
        if one.advice.state == AdviceState.OPEN
        and not one.is_close
        and one.policy != Policy.ALLOWED
        and not refusal_of(one.advice.host, site.uris.host)
    ]
    for one in ready[:APPLIED_AT_ONCE]:
        await _apply(tx, site, group, one.advice, one.policy, now)
    return len(ready[:APPLIED_AT_ONCE])


# --- what an admin decides ----------------------------------------------------------------------------


async def set_automatic(tx: Tx, *, group_id: str, is_automatic: bool, now: datetime) -> None:
    """Let a consortium's advice apply by itself from now on, or no more.

    Raises: NotFound.
    """
    if await advice.get_list(tx, group_id) is None:
        raise NotFound(f"no list of {group_id} is read")
    await advice.change_list(tx, group_id, is_automatic=is_automatic, next_due_at=now)


async def read_soon(tx: Tx, *, group_id: str, now: datetime) -> None:
    """Let a list be read again at the next occasion.

    Raises: NotFound.
    """
    if await advice.get_list(tx, group_id) is None:
        raise NotFound(f"no list of {group_id} is read")
    await advice.change_list(tx, group_id, next_due_at=now)
    await tx.wake("advice")


async def confirm(tx: Tx, site: Site, *, group_id: str, host: str, now: datetime) -> None:
    """Do what a consortium advises. The reason says who advised it; a stronger rule stays.

    Raises: NotFound; Conflict about this server itself or a whole domain.
    """
    known, group = await _known(tx, group_id, host)
    if refusal_of(known.host, site.uris.host):
        raise Conflict(f"advice about {known.host}", safe=NOT_HERE)
    policies = await peer_rows.policies_of(tx, [known.host])
    await _apply(tx, site, group, known, policies.get(known.host, Policy.DEFAULT), now)


async def dismiss(tx: Tx, *, group_id: str, host: str, now: datetime) -> None:
    """Do not what a consortium advises, unless it asks for more one day.

    Raises: NotFound.
    """
    known, _ = await _known(tx, group_id, host)
    await advice.decide(tx, group_id, known.host, AdviceState.DISMISSED, now)


async def lift(tx: Tx, *, group_id: str, host: str, now: datetime) -> None:
    """Take the rule about a server back that was confirmed on advice.

    Raises: NotFound.
    """
    known, _ = await _known(tx, group_id, host)
    await peers.set_policy(tx, known.host, Policy.DEFAULT, "", now=now)
    if known.state == AdviceState.WITHDRAWN:
        await advice.forget(tx, group_id, {known.host})
    else:
        await advice.decide(tx, group_id, known.host, AdviceState.DISMISSED, now)


async def _known(tx: Tx, group_id: str, host: str) -> tuple[Advice, Actor]:
    found, group = await advice.get(tx, group_id, host), await actors.by_id(tx, group_id)
    if found is None or group is None:
        raise NotFound(f"no advice of {group_id} about {host[:200]}")
    return found, group


async def _apply(
    tx: Tx, site: Site, group: Actor, known: Advice, policy: str, now: datetime
) -> None:
    if strengthens(known.severity, policy):
        translate = catalogue(site.default_language).gettext
        who = translate(ADVISED) % {"who": f"@{group.acct}"}
        note = f"{who} {known.reason_text}".strip()[: peers.MAX_NOTE_CHARACTERS]
        await peers.set_policy(tx, known.host, known.severity, note, now=now)
    await advice.decide(tx, group.id, known.host, AdviceState.CONFIRMED, now)
