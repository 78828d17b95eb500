"""Attempts to change the mentorships of others, and attempts of partners to speak for our side.

Every attempt is a document that would be good if somebody else had signed it, or if it named something else.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from libline_fed.activitypub.agreements import build_wait
from libline_fed.domain import agreements
from libline_fed.domain.agreements import Confirmation, Shared
from libline_fed.domain.mentorships import Side, State
from libline_fed.services.mentorship_views import shared_of
from tests.support.agreement_scene import GOAL, Document, Scene
from tests.support.fediverse import Person

Attempt = Callable[["Stage", Person], Document]


class Stage:
    """The scene with the rows as they are, for attempts that build on them."""

    def __init__(self, scene: Scene, shared: dict[str, Shared], uris: dict[str, str]) -> None:
        self.scene, self.shared, self.uris = scene, shared, uris
        self.said, self.world = scene.said, scene.world
        self.ana, self.zoe = scene.ana, scene.zoe
        self.ben, self.dora, self.cleo = scene.ben, scene.dora, scene.cleo

    @classmethod
    async def of(cls, scene: Scene) -> "Stage":
        """Read the rows."""
        with_dora = await scene.mentorship(scene.ana, scene.dora)
        with_cleo = await scene.mentorship(scene.zoe, scene.cleo, number=1)
        assert with_dora.agreement_uri is not None
        assert with_cleo.agreement_uri is not None
        shared = {"dora": shared_of(with_dora), "cleo": shared_of(with_cleo)}
        return cls(scene, shared, {"dora": with_dora.agreement_uri, "cleo": with_cleo.agreement_uri})

    def ended(self, who: str, side: Side) -> Shared:
        """Return how it stands once a side has ended it."""
        is_intro = self.shared[who].state is State.INTRO
        state = State.ENDED_INTRO if is_intro else State.ENDED_EARLY
        return agreements.step(self.shared[who], state, by=side, at=self.world.clock.now())

    def update(
        self, sender: Person, who: str, shared: Shared | None = None, **changes: Any
    ) -> Document:
        """Say how a mentorship of somebody stands; without more, that its remote side has ended it."""
        side = Side.MENTEE if who == "dora" else Side.MENTOR
        offer = self.said["dora's offer" if who == "dora" else "zoe's offer 1"]
        document = self.scene.agreement(
            self.uris[who], offer, shared or self.ended(who, side), attributed_to_uri=None
        )
        del document["attributedTo"]
        return sender.says("Update", document | changes)

    def standing(self, sender: Person, who: str = "dora", **changes: Any) -> Document:
        """Say that it ended, with some words of its standing changed."""
        document = self.update(sender, who)["object"]
        return sender.says("Update", document | {"standing": document["standing"] | changes})

    def yes(self, sender: Person, number: int = 2, **changes: Any) -> Document:
        """Say yes to one of Zoe's Offers, as good as Cleo's."""
        offer = self.said[f"zoe's offer {number}"]
        shared = self.scene.first(offer, by=Side.MENTOR)
        uri = f"{sender.uri}/agreements/9"
        result = self.scene.agreement(uri, offer, shared, attributed_to_uri=sender.uri)
        return sender.says("Accept", offer["id"], result=result | changes)

    def receipt(self, sender: Person, agreement_uri: str, **changes: Any) -> Document:
        """Say that an agreement is fulfilled."""
        document = {
            "type": "Document",
            "id": f"{sender.uri}/receipts/1",
            "attributedTo": sender.uri,
            "context": agreement_uri,
            **changes,
        }
        return sender.says("Create", document, to=[self.ana.uri])

    def note(self, sender: Person, number: int, **more: Any) -> Document:
        """Write to Ana in the thread that she has with Dora."""
        thread_uri = self.said["dora's offer"]["context"]
        return self.scene.note(sender, number, self.ana, thread_uri, **more)

    def says_note(self, sender: Person, verb: str, number: int, **more: Any) -> Document:
        """Send such a Note."""
        return sender.says(verb, self.note(sender, number, **more), to=[self.ana.uri])

    def of_dora(self, name: str) -> Document:
        """Return the object of something that Dora said."""
        found: Document = self.said[name]["object"]
        return found


NEWER = {"updated": "2026-11-24T09:30:00Z", "content": "<p>Stolen</p>"}
BEN_S, DORA_S, CLEO_S = "ben's offer", "dora's offer", "cleo's yes"

# By somebody of the same server, of another server, and by the server itself.
STRANGERS: dict[str, Attempt] = {
    # Offers
    "offer-as-ben": lambda s, a: s.ben.says("Offer", s.said[BEN_S]["object"], n=2),
    "offer-with-the-id-of-bens": lambda s, a: (
        s.scene.offer(a, s.scene.other.uri) | {"id": s.said[BEN_S]["id"]}
    ),
    "offer-with-the-id-of-ours": lambda s, a: (
        s.scene.offer(a, s.scene.other.uri) | {"id": s.said["zoe's offer 2"]["id"]}
    ),
    "offer-instead-of-bens": lambda s, a: s.scene.offer(a, s.scene.own.uri, inReplyTo=s.said[BEN_S]["id"]),
    "offer-instead-of-ours": lambda s, a: s.scene.offer(
        a, s.said["zoe's offer 2"]["target"], inReplyTo=s.said["zoe's offer 2"]["id"]
    ),
    "offer-about-what-is-elsewhere": lambda s, a: s.scene.offer(a, s.said["zoe's offer 2"]["target"]),
    "offer-about-what-is-nowhere": lambda s, a: s.scene.offer(a, s.scene.own.uri[:-4] + "0000"),
    # Accept
    "accept-ours-as-cleo": lambda s, a: s.yes(s.cleo),
    "accept-ours": lambda s, a: s.yes(a),
    "accept-ours-attributed-to-cleo": lambda s, a: s.yes(a, attributedTo=s.cleo.uri),
    "accept-ours-with-an-agreement-of-cleo": lambda s, a: s.yes(a, id=f"{s.cleo.uri}/agreements/2"),
    "accept-ours-plainly": lambda s, a: s.yes(a, standing=None, terms=None, attributedTo=None),
    "accept-ours-embedded": lambda s, a: s.yes(a) | {"object": s.said["zoe's offer 2"]},
    "accept-bens": lambda s, a: s.yes(a) | {"object": s.said[BEN_S]["id"]},
    "accept-bens-as-ours": lambda s, a: s.yes(a) | {"object": s.said[BEN_S]["id"], "actor": s.ana.uri},
    "accept-what-cleo-accepted": lambda s, a: s.yes(a, 1),
    # Reject
    "reject-ours-as-cleo": lambda s, a: s.cleo.says("Reject", s.said["zoe's offer 2"]["id"]),
    "reject-ours": lambda s, a: a.says("Reject", s.said["zoe's offer 2"]["id"]),
    "reject-ours-embedded": lambda s, a: a.says("Reject", s.said["zoe's offer 2"]),
    "reject-ours-by-thread": lambda s, a: a.says("Reject", s.said["zoe's offer 2"]["context"]),
    "reject-ours-as-full": lambda s, a: a.says("Reject", s.said["zoe's offer 2"]["id"], reason="full"),
    "reject-bens": lambda s, a: a.says("Reject", s.said[BEN_S]["id"]),
    # Undo
    "undo-bens-as-ben": lambda s, a: s.ben.says("Undo", s.said[BEN_S]),
    "undo-bens": lambda s, a: a.says("Undo", s.said[BEN_S]),
    "undo-bens-as-own": lambda s, a: a.says("Undo", s.said[BEN_S] | {"actor": a.uri}),
    "undo-bens-by-name": lambda s, a: a.says("Undo", s.said[BEN_S]["id"]),
    "undo-bens-ownerless": lambda s, a: a.says("Undo", {"id": s.said[BEN_S]["id"], "type": "Offer"}),
    "undo-bens-by-thread": lambda s, a: a.says("Undo", {"id": s.said[BEN_S]["context"], "type": "Offer"}),
    "undo-ours": lambda s, a: a.says("Undo", s.said["zoe's offer 2"]),
    "undo-ours-as-own": lambda s, a: a.says("Undo", s.said["zoe's offer 2"] | {"actor": a.uri}),
    "undo-ours-by-name": lambda s, a: a.says("Undo", s.said["zoe's offer 2"]["id"]),
    "undo-doras": lambda s, a: a.says("Undo", s.said[DORA_S] | {"actor": a.uri}),
    "undo-cleos-yes": lambda s, a: a.says("Undo", s.said[CLEO_S]),
    "undo-cleos-yes-as-own": lambda s, a: a.says("Undo", s.said[CLEO_S] | {"actor": a.uri}),
    "undo-cleos-yes-by-name": lambda s, a: a.says("Undo", s.said[CLEO_S]["id"]),
    "undo-cleos-yes-by-its-offer": lambda s, a: a.says(
        "Undo", {"type": "Accept", "object": s.said["zoe's offer 1"]["id"]}
    ),
    "undo-our-yes": lambda s, a: a.says("Undo", {"type": "Accept", "object": s.said[DORA_S]["id"]}),
    # Update
    "update-doras-as-dora": lambda s, a: s.update(s.dora, "dora"),
    "update-doras": lambda s, a: s.update(a, "dora"),
    "update-doras-as-own": lambda s, a: s.update(a, "dora", attributedTo=a.uri),
    "update-cleos": lambda s, a: s.update(a, "cleo"),
    "update-what-waits": lambda s, a: a.says("Update", s.yes(a)["result"]),
    "update-what-waits-with-an-id-of-cleo": lambda s, a: a.says(
        "Update", s.yes(a, id=f"{s.cleo.uri}/agreements/2", attributedTo=s.cleo.uri)["result"]
    ),
    "update-what-is-nowhere": lambda s, a: s.update(a, "dora", id=f"{a.uri}/agreements/7", offer=None),
    "update-the-wait": lambda s, a: a.says("Update", _longer(s, "zoe's offer 2")),
    "update-the-wait-of-ben": lambda s, a: a.says("Update", _longer(s, BEN_S)),
    # Create(Document)
    "create-completion-of-doras": lambda s, a: s.receipt(a, s.uris["dora"]),
    "create-completion-of-cleos": lambda s, a: s.receipt(a, s.uris["cleo"]),
    "create-completion-attributed-to-dora": lambda s, a: s.receipt(
        a, s.uris["dora"], attributedTo=s.dora.uri
    ),
    "create-completion-with-our-id": lambda s, a: s.receipt(
        a, s.uris["dora"], id=f"{s.uris['dora']}/completion"
    ),
    "create-completion-as-dora": lambda s, a: s.receipt(s.dora, s.uris["dora"]),
    # private Notes
    "note-in-their-thread": lambda s, a: s.says_note(a, "Create", 1),
    "note-attributed-to-dora": lambda s, a: s.says_note(a, "Create", 2, attributedTo=s.dora.uri),
    "note-with-the-id-of-doras": lambda s, a: s.says_note(
        a, "Create", 3, id=s.of_dora("dora's message")["id"]
    ),
    "note-that-answers-ours": lambda s, a: s.says_note(
        a, "Create", 4, context=None, inReplyTo=s.said["ana's message"]["id"]
    ),
    "note-with-a-goal": lambda s, a: s.says_note(a, "Create", 5, goal=GOAL),
    "note-with-a-sealed-feedback": lambda s, a: s.says_note(
        a, "Create", 6, feedback={"version": 1, "sealed": True}
    ),
    "note-with-a-talk": lambda s, a: s.says_note(
        a, "Create", 7, talk={"version": 1, "date": "2026-11-23", "minutes": 60}
    ),
    "note-with-a-meeting": lambda s, a: s.says_note(
        a, "Create", 8, meeting={"version": 1, "times": ["2026-11-30T10:00:00Z"], "minutes": 60}
    ),
    "note-edit-of-doras": lambda s, a: a.says("Update", s.of_dora("dora's message") | NEWER),
    "note-edit-of-doras-as-own": lambda s, a: a.says(
        "Update", s.of_dora("dora's message") | NEWER | {"attributedTo": a.uri}
    ),
    "note-edit-of-doras-goal-as-own": lambda s, a: a.says(
        "Update", s.of_dora("dora's goal") | {"attributedTo": a.uri, "goal": GOAL | {"version": 9}}
    ),
    "note-edit-of-ours": lambda s, a: s.says_note(a, "Update", 9, id=s.said["ana's message"]["id"], **NEWER),
    "note-deletion-of-doras": lambda s, a: a.says("Delete", s.of_dora("dora's message")["id"]),
    "note-deletion-of-doras-goal": lambda s, a: a.says("Delete", s.of_dora("dora's goal")["id"]),
    "note-deletion-of-ours": lambda s, a: a.says("Delete", s.said["ana's message"]["id"]),
    "note-deletion-as-dora": lambda s, a: s.dora.says("Delete", s.of_dora("dora's message")["id"]),
}


def _longer(s: Stage, name: str) -> Document:
    """Say that an answer may take longer."""
    return build_wait(s.said[name]["id"], s.world.clock.now() + timedelta(days=30))


def _terms(s: Stage, by: Side, values: dict[str, Any]) -> Shared:
    return agreements.with_terms(s.shared["dora"], values, by=by, at=s.world.clock.now())


def _counter_of_two(s: Stage) -> Document:
    """Counter one of Zoe's Offers with two of it."""
    asked = s.said["zoe's offer 2"]
    document = s.scene.offer(s.cleo, asked["target"], inReplyTo=asked["id"])
    document["object"]["stipulates"]["resourceQuantity"] = {"hasUnit": "one", "hasNumericalValue": "2"}
    return document


# By one of the pair, about what is not theirs to say. The name begins with who says it.
PARTNERS: dict[str, Callable[[Stage], Document]] = {
    # Ben has asked and waits
    "ben-accepts-his-own-offer": lambda s: s.yes(s.ben) | {"object": s.said[BEN_S]["id"]},
    "ben-rejects-his-own-offer": lambda s: s.ben.says("Reject", s.said[BEN_S]["id"]),
    "ben-gives-us-more-time": lambda s: s.ben.says("Update", _longer(s, BEN_S)),
    "ben-says-it-has-begun": lambda s: s.ben.says(
        "Update",
        s.scene.agreement(
            f"{s.ben.uri}/agreements/1",
            s.said[BEN_S],
            s.scene.first(s.said[BEN_S], by=Side.MENTOR),
            attributed_to_uri=s.ben.uri,
        ),
    ),
    "ben-ends-what-dora-has": lambda s: s.update(s.ben, "dora"),
    "ben-completes-what-dora-has": lambda s: s.receipt(s.ben, s.uris["dora"]),
    "ben-undoes-our-yes-to-dora": lambda s: s.ben.says(
        "Undo", {"type": "Accept", "object": s.said[DORA_S]["id"]}
    ),
    "ben-asks-in-doras-thread": lambda s: s.scene.offer(
        s.ben, s.scene.other.uri, context=s.said[DORA_S]["context"]
    ),
    "ben-writes-in-doras-thread": lambda s: s.says_note(s.ben, "Create", 1),
    "ben-edits-what-dora-wrote": lambda s: s.ben.says(
        "Update", s.of_dora("dora's message") | NEWER | {"attributedTo": s.ben.uri}
    ),
    # Dora is mentored by Ana
    "dora-takes-a-step-of-ours": lambda s: s.update(s.dora, "dora", s.ended("dora", Side.MENTOR)),
    "dora-pauses-for-us": lambda s: s.update(
        s.dora,
        "dora",
        agreements.step(
            s.shared["dora"],
            State.PAUSED,
            by=Side.MENTOR,
            at=s.world.clock.now(),
            paused_until_on=(s.world.clock.now() + timedelta(days=9)).date(),
        ),
    ),
    "dora-writes-our-terms": lambda s: s.update(
        s.dora, "dora", _terms(s, Side.MENTOR, {"goal": "Free labour", "months": 24, "mode": "M5"})
    ),
    "dora-writes-other-terms-below-our-yes": lambda s: s.update(
        s.dora,
        "dora",
        replace(s.shared["dora"], terms=replace(s.shared["dora"].terms, values={"goal": "Much more"})),
    ),
    "dora-says-yes-to-what-is-not-written": lambda s: s.update(
        s.dora, "dora", replace(s.shared["dora"], mentee=Confirmation(9, s.world.clock.now()))
    ),
    "dora-comes-from-the-future": lambda s: s.standing(s.dora, at="2027-11-24T09:00:00Z"),
    "dora-counts-beyond-measure": lambda s: s.standing(s.dora, version=2_000_000),
    "dora-begins-an-immense-epoch": lambda s: s.standing(s.dora, epoch=2_000_000),
    "dora-pauses-for-ever": lambda s: s.standing(s.dora, state="paused", pausedUntil="2030-01-01"),
    "dora-pauses-without-a-return": lambda s: s.standing(s.dora, state="paused"),
    "dora-says-that-we-feel-unsafe": lambda s: s.standing(s.dora, state="ended-safety"),
    "dora-knows-another-state": lambda s: s.standing(s.dora, state="declined"),
    "dora-speaks-for-a-third-side": lambda s: s.standing(s.dora, by="admin"),
    "dora-names-another-author": lambda s: s.update(s.dora, "dora", attributedTo=s.ben.uri),
    "dora-names-another-proposal": lambda s: s.update(
        s.dora,
        "dora",
        stipulates={"type": "Commitment", "satisfies": f"{s.scene.other.uri}#primary"},
    ),
    "dora-makes-it-two": lambda s: s.update(
        s.dora,
        "dora",
        stipulates=s.said[DORA_S]["object"]["stipulates"]
        | {"resourceQuantity": {"hasUnit": "one", "hasNumericalValue": "2"}},
    ),
    "dora-asks-a-price": lambda s: s.update(
        s.dora, "dora", stipulatesReciprocal={"type": "Commitment", "satisfies": s.scene.own.uri}
    ),
    "dora-ends-what-cleo-has": lambda s: s.update(s.dora, "cleo"),
    "dora-accepts-for-us": lambda s: s.yes(s.dora) | {"object": s.said[DORA_S]["id"]},
    "dora-undoes-our-yes": lambda s: s.dora.says(
        "Undo", {"type": "Accept", "object": s.said[DORA_S]["id"]}
    ),
    "dora-undoes-our-yes-as-us": lambda s: s.dora.says(
        "Undo", {"type": "Accept", "actor": s.ana.uri, "object": s.said[DORA_S]["id"]}
    ),
    "dora-completes-as-us": lambda s: s.receipt(s.dora, s.uris["dora"], attributedTo=s.ana.uri),
    "dora-completes-at-our-address": lambda s: s.receipt(
        s.dora, s.uris["dora"], id=f"{s.uris['dora']}/completion"
    ),
    "dora-edits-what-we-wrote": lambda s: s.says_note(
        s.dora, "Update", 9, id=s.said["ana's message"]["id"], **NEWER
    ),
    "dora-writes-as-us": lambda s: s.says_note(s.dora, "Create", 10, attributedTo=s.ana.uri),
    "dora-writes-below-our-address": lambda s: s.says_note(
        s.dora, "Create", 11, id=s.said["ana's message"]["id"]
    ),
    "dora-makes-a-goal-of-ours-her-own": lambda s: s.says_note(
        s.dora, "Create", 12, id=s.said["ana's goal"]["id"], goal=GOAL | {"version": 9}
    ),
    "dora-deletes-what-we-wrote": lambda s: s.dora.says("Delete", s.said["ana's message"]["id"]),
    "dora-deletes-our-goal": lambda s: s.dora.says("Delete", s.said["ana's goal"]["id"]),
    # Cleo is asked by Zoe, and mentors her in another matter
    "cleo-accepts-with-an-agreement-elsewhere": lambda s: s.yes(s.cleo, id="https://x.example/agreements/1"),
    "cleo-accepts-with-an-agreement-of-ours": lambda s: s.yes(s.cleo, id=s.uris["dora"]),
    "cleo-accepts-with-an-agreement-that-is-known": lambda s: s.yes(s.cleo, id=s.uris["cleo"]),
    "cleo-accepts-in-the-name-of-another": lambda s: s.yes(s.cleo, attributedTo=s.dora.uri),
    "cleo-accepts-something-else": lambda s: s.yes(
        s.cleo, stipulates={"type": "Commitment", "satisfies": f"{s.scene.own.uri}#primary"}
    ),
    "cleo-accepts-two": lambda s: s.yes(
        s.cleo,
        stipulates=s.said["zoe's offer 2"]["object"]["stipulates"]
        | {"resourceQuantity": {"hasUnit": "one", "hasNumericalValue": 2}},
    ),
    "cleo-accepts-with-our-step": lambda s: s.yes(
        s.cleo, standing=s.yes(s.cleo)["result"]["standing"] | {"by": "mentee", "state": "ended-intro"}
    ),
    "cleo-accepts-with-terms-that-we-did-not-offer": lambda s: s.yes(
        s.cleo, terms={"version": 1, "by": "mentee", "values": {"goal": "Free labour"}}
    ),
    "cleo-accepts-again-under-another-id": lambda s: s.yes(s.cleo, 1),
    "cleo-undoes-our-offer": lambda s: s.cleo.says("Undo", s.said["zoe's offer 2"]),
    "cleo-undoes-our-offer-as-own": lambda s: s.cleo.says(
        "Undo", s.said["zoe's offer 2"] | {"actor": s.cleo.uri}
    ),
    "cleo-undoes-our-offer-by-name": lambda s: s.cleo.says("Undo", s.said["zoe's offer 2"]["id"]),
    "cleo-undoes-our-accepted-offer": lambda s: s.cleo.says("Undo", s.said["zoe's offer 1"]["id"]),
    "cleo-rejects-what-has-begun": lambda s: s.cleo.says("Reject", s.said["zoe's offer 1"]["id"]),
    "cleo-counters-with-another-proposal": lambda s: s.scene.offer(
        s.cleo, s.said["zoe's offer 1"]["target"], inReplyTo=s.said["zoe's offer 2"]["id"]
    ),
    "cleo-counters-with-two": _counter_of_two,
    "cleo-takes-a-step-of-ours": lambda s: s.update(s.cleo, "cleo", s.ended("cleo", Side.MENTEE)),
}

