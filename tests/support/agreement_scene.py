"""Four mentorships between two members of ours and three people elsewhere: what forgers would change.

Ana mentors: Ben has asked her, Dora is mentored by her. Zoe looks for a mentor: she has asked Cleo about one
thing, and Cleo mentors her in another. All three others are on LibLine servers.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from libline_fed.activitypub.agreements import build_agreement, build_offered
from libline_fed.activitypub.keys import load_private
from libline_fed.domain import agreements
from libline_fed.domain.actors import Actor
from libline_fed.domain.agreements import Shared, Terms
from libline_fed.domain.goals import GoalContent
from libline_fed.domain.mentorships import Mentorship, Side, State
from libline_fed.domain.proposals import Draft, Proposal
from libline_fed.services import answers, goals, mentorship_views, mentorships, messages, proposals, requests
from libline_fed.services.mentorship_views import shared_of
from libline_fed.services.requests import Words
from libline_fed.storage import accounts
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import accounts as account_table
from tests.support import keys
from tests.support.fediverse import Fediverse, Person

TERMS = {"goal": "Catalogue the local collection", "months": 4, "mode": "M1", "frequency": "Q3"}
WORDS = Words("Good day, I work in a small library.", {"by_when": "Our collection by May."}, TERMS, "en")
Document = dict[str, Any]


class InstanceActor(Person):
    """The actor of a whole server, which signs most of its GETs."""

    @property
    def uri(self) -> str:
        return f"https://{self.host}/actor"


def instance_of(world: Fediverse, host: str) -> InstanceActor:
    """Put a server's own actor there."""
    pair = keys.CLEO_RSA
    changes = {"type": "Application"}
    actor = InstanceActor(host, host, load_private(pair.private_pem), pair.public_pem, changes)
    world.served[actor.uri] = actor.document
    return actor


@dataclass
class Scene:
    """Everybody, and what is between them."""

    world: Fediverse
    ana: Actor
    zoe: Actor
    ben: Person
    dora: Person
    cleo: Person
    own: Proposal  # Ana's
    other: Proposal  # Ana's too
    said: dict[str, Document] = field(default_factory=dict)  # what was said, by who and what

    # --- rows -------------------------------------------------------------------------------------

    async def mentorship(self, member: Actor, person: Person, *, number: int = 0) -> Mentorship:
        """Return a mentorship of a member with somebody, the newest first."""
        found = await self.world.store.read(lambda tx: mentorship_views.list_for(tx, member))
        return [one.mentorship for one in found if one.partner.uri == person.uri][number]

    async def do(self, member: Actor, mentorship_id: str, use_case: Any, **more: Any) -> Any:
        """Let a member do something."""
        now, site = self.world.clock.now(), self.world.site
        return await self.world.store.write(
            lambda tx: use_case(tx, site, person=member, mentorship_id=mentorship_id, now=now, **more)
        )

    # --- documents --------------------------------------------------------------------------------

    def offer(self, person: Person, proposal_uri: str, *, number: int = 1, **more: Any) -> Document:
        """Ask as a LibLine server does."""
        expires_at = self.world.clock.now() + timedelta(days=10)
        offered = build_offered(
            proposal_uri=proposal_uri,
            version=1,
            message_html="<p>May I ask?</p>",
            answers=dict(WORDS.answers),
            terms=dict(TERMS),
            expires_at=expires_at,
        )
        extra = {
            "target": proposal_uri,
            "content": "<p>May I ask?</p>",
            "context": f"{person.uri}/threads/{number}",
            "published": "2026-11-24T08:59:00Z",
        }
        return person.says("Offer", offered, **(extra | more))

    def agreement(
        self, uri: str, offer: Document, shared: Shared, *, attributed_to_uri: str | None
    ) -> Document:
        """Return an Agreement that says how things stand."""
        proposal_uri = offer["object"]["stipulates"]["satisfies"].partition("#")[0]
        return build_agreement(
            uri=uri,
            attributed_to_uri=attributed_to_uri or "",
            offer_uri=offer["id"],
            proposal_uri=proposal_uri,
            shared=shared,
        )

    def first(self, offer: Document, *, by: Side) -> Shared:
        """Return what a pair begins with: the terms are those of the Offer, the step is the decider's."""
        offered = offer["object"]
        terms = Terms(1, by.other, dict(offered["terms"]))
        return agreements.first(at=self.world.clock.now(), by=by, version=offered["version"], terms=terms)

    def note(self, person: Person, number: int, member: Actor, thread_uri: str, **more: Any) -> Document:
        """Return a private Note in a thread."""
        return {
            "id": f"{person.uri}/notes/{number}",
            "type": "Note",
            "attributedTo": person.uri,
            "content": "<p>Words.</p>",
            "published": "2026-11-24T08:59:30Z",
            "to": [member.uri],
            "cc": [],
            "context": thread_uri,
            "tag": [{"type": "Mention", "href": member.uri, "name": f"@{member.handle}"}],
            **more,
        }


GOAL = {"version": 1, "title": "Read the manual", "state": "open", "milestones": []}


async def set_scene(world: Fediverse) -> Scene:
    """Let everything happen that could be forged."""
    ana, zoe = await world.member("ana"), await world.member("zoe")
    await world.store.write(lambda tx: _let_ask(tx, world))
    own, other = await _offer(world, ana, "Ours"), await _offer(world, ana, "Ours too")
    ben, dora = world.meet("b.example", "ben"), world.meet("b.example", "dora", "cleo")
    cleo = world.meet("c.example", "cleo", "ben")
    scene = Scene(world, ana, zoe, ben, dora, cleo, own, other)
    await _hear(scene, "ben's offer", ben, scene.offer(ben, own.uri))
    await _begin_with_dora(scene)
    await _ask_cleo(scene, 1)
    await _ask_cleo(scene, 2)
    await _begin_with_cleo(scene)
    return scene


async def _let_ask(tx: Tx, world: Fediverse) -> None:
    done = update(account_table).values(primer_done_at=world.clock.now(), target_count=5)
    await tx.execute(done)


async def _offer(world: Fediverse, author: Actor, title: str) -> Proposal:
    draft = Draft("offer", title, "A text.", "en", ("A0301",), ("en",), ("M1",), places_count=5)
    now = world.clock.now()
    return await world.store.write(
        lambda tx: proposals.add(tx, world.site, author=author, draft=draft, now=now)
    )


async def _hear(scene: Scene, name: str, person: Person, document: Document) -> Document:
    row = await scene.world.receive(person, document)
    assert row.state == "applied", (name, row.reason, row.detail)
    scene.said[name] = document
    return document


async def _begin_with_dora(scene: Scene) -> None:
    """Let Dora be mentored by Ana, and let both have written something."""
    dora, ana = scene.dora, scene.ana
    offer = await _hear(scene, "dora's offer", dora, scene.offer(dora, scene.own.uri))
    one = await scene.mentorship(ana, dora)
    await scene.do(ana, one.id, answers.accept)
    await scene.do(ana, one.id, mentorships.confirm, terms_version=1)
    shared = shared_of(await scene.mentorship(ana, dora))
    confirmed = agreements.with_yes(shared, by=Side.MENTEE, at=scene.world.clock.now())
    uri = scene.world.site.uris.agreement(one.id)
    document = scene.agreement(uri, offer, confirmed, attributed_to_uri=ana.uri)
    await _hear(scene, "dora's yes", dora, dora.says("Update", document))
    assert (await scene.mentorship(ana, dora)).state == State.ACTIVE
    written = await scene.do(ana, one.id, messages.write, text="Welcome, Dora.")
    goal = await scene.do(ana, one.id, goals.add, content=GoalContent("Ours to reach"))
    scene.said |= {"ana's message": {"id": written.uri}, "ana's goal": {"id": goal.uri}}
    note = scene.note(dora, 1, ana, offer["context"])
    await _hear(scene, "dora's message", dora, dora.says("Create", note, to=[ana.uri]))
    hers = scene.note(dora, 2, ana, offer["context"], goal=GOAL)
    await _hear(scene, "dora's goal", dora, dora.says("Create", hers, to=[ana.uri]))


async def _ask_cleo(scene: Scene, number: int) -> None:
    """Let Zoe ask Cleo about one of Cleo's offers."""
    world, zoe = scene.world, scene.zoe
    document = scene.cleo.offer(number)
    world.served[document["id"]] = document
    found = await world.resolver.find_object(document["id"])
    assert isinstance(found, Proposal)
    now = world.clock.now()

    async def unit(tx: Tx) -> None:
        account = await accounts.by_actor(tx, zoe.id)
        draft = await requests.start(
            tx, world.site, person=zoe, proposal_id=found.id, viewer=account, now=now
        )
        await requests.send(tx, world.site, person=zoe, mentorship_id=draft.id, words=WORDS, now=now)

    await world.store.write(unit)
    scene.said[f"zoe's offer {number}"] = (await world.said("Offer"))[-1]


async def _begin_with_cleo(scene: Scene) -> None:
    """Let Cleo accept the first of Zoe's requests."""
    cleo, offer = scene.cleo, scene.said["zoe's offer 1"]
    shared = scene.first(offer, by=Side.MENTOR)
    shared = replace(shared, mentor=agreements.Confirmation(1, scene.world.clock.now()))
    result = scene.agreement(f"{cleo.uri}/agreements/1", offer, shared, attributed_to_uri=cleo.uri)
    await _hear(scene, "cleo's yes", cleo, cleo.says("Accept", offer["id"], result=result))
