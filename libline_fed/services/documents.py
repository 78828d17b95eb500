"""Our own actors and proposals as ActivityPub documents: what is served, and what is sent."""

from datetime import UTC, datetime
from typing import Any

from libline_fed import vocabulary
from libline_fed.activitypub.build import build_actor, build_proposal
from libline_fed.activitypub.groups import GroupFacts
from libline_fed.activitypub.keys import load_public, multibase_of
from libline_fed.activitypub.own import OwnActor, OwnProposal
from libline_fed.domain.actors import Actor
from libline_fed.domain.keys import PublicKeys
from libline_fed.domain.proposals import Proposal
from libline_fed.services import profiles
from libline_fed.services.audiences import circle_of
from libline_fed.services.outbox import proven
from libline_fed.services.site import Site
from libline_fed.storage import consortia
from libline_fed.storage.store import Tx

GENERAL_TAG = {"en": "mentoring", "es": "mentoría", "fr": "mentorat", "ar": "إرشاد"}


async def actor_document(
    tx: Tx, site: Site, actor: Actor, *, keys: PublicKeys | None = None
) -> dict[str, Any]:
    """Return an actor's document; `keys` other than the current ones are given to announce them."""
    keys = keys or await site.keyring.public_keys(tx, actor.id)
    multibase = multibase_of(load_public(keys.ed25519_pem)) if keys.ed25519_pem else None
    own = OwnActor(
        id=actor.id,
        uri=actor.uri,
        type=actor.type,
        handle=actor.handle,
        name=actor.name,
        summary_html=actor.summary_html,
        published_at=actor.published_at or actor.created_at,
        public_pem=keys.rsa_pem,
        ed25519_multibase=multibase,
        manually_approves_followers=actor.manually_approves_followers,
        is_discoverable=actor.is_discoverable,
        also_known_as=tuple(actor.also_known_as),
        fields=(
            *((name, value) for name, value in actor.fields),
            *profiles.public_lines(actor, default_language=site.default_language),
        ),
        icon_url=actor.icon_url,
        is_instance=actor.uri == site.uris.instance_actor,
        moved_to_uri=actor.moved_to_uri,
        group=await _group_facts(tx, actor) if actor.type == "Group" else None,
    )
    return build_actor(own, site.uris)


async def _group_facts(tx: Tx, actor: Actor) -> GroupFacts:
    known = await consortia.get(tx, actor.id)
    assert known is not None, actor.uri
    return GroupFacts(known.charter_text, known.continues_uri)


async def proposal_document(tx: Tx, site: Site, proposal: Proposal, author: Actor) -> dict[str, Any]:
    """Return a proposal's document, the same one until it changes; a public one has its author's proof.

    One that is not for everybody has none: nobody need be able to prove it to others.
    """
    circle = await circle_of(tx, site, proposal, author)
    own = OwnProposal(
        id=proposal.id,
        uri=proposal.uri,
        author_uri=author.uri,
        purpose=proposal.purpose,
        title=proposal.title,
        content_html=proposal.content_html,
        language=proposal.language,
        areas=tuple(proposal.areas),
        languages=tuple(proposal.languages),
        modes=tuple(proposal.modes),
        places_count=proposal.places_count,
        places_free_count=proposal.places_free_count,
        waiting_count=proposal.waiting_count,
        open_until_on=proposal.open_until_on,
        status=proposal.status,
        revision=proposal.revision,
        published_at=proposal.published_at,
        edited_at=proposal.edited_at,
        hashtags=_hashtags(proposal),
        to=tuple(circle.to) if circle is not None else (),
        cc=tuple(circle.cc) if circle is not None else (),
        details=proposal.facts,
        audience=tuple(group.uri for group in circle.groups) if circle is not None else (),
    )
    document = build_proposal(own, site.uris)
    if circle is None or not circle.is_public:
        return document
    made_at = proposal.updated_at.astimezone(UTC)
    return await proven(
        tx, site, document, actor_id=author.id, actor_uri=author.uri, now=_whole_second(made_at)
    )


def _hashtags(proposal: Proposal) -> tuple[str, ...]:
    general = GENERAL_TAG.get((proposal.language or "en")[:2], GENERAL_TAG["en"])
    facts = proposal.facts
    topics = [vocabulary.hashtag_of(facts.broader(area)) for area in proposal.areas]
    return tuple(dict.fromkeys([general, *(topic for topic in topics if topic)]))


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
