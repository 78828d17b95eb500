"""A server that knows FEP-0837 and nothing of LibLine: it writes what the document says and reads no more.

Without a `published`, a `target` or a `context`; `to` is a string; no word of ours is ever looked at.
"""

from dataclasses import dataclass
from typing import Any

from tests.support.fediverse import Fediverse, Person

CONTEXT = [
    "https://www.w3.org/ns/activitystreams",
    {
        "om2": "http://www.ontology-of-units-of-measure.org/resource/om-2/",
        "vf": "https://w3id.org/valueflows/ont/vf#",
        "Agreement": "vf:Agreement",
        "stipulates": "vf:stipulates",
        "Commitment": "vf:Commitment",
        "satisfies": "vf:satisfies",
        "resourceQuantity": "vf:resourceQuantity",
        "hasUnit": "om2:hasUnit",
        "hasNumericalValue": "om2:hasNumericalValue",
    },
]
ONE: dict[str, Any] = {"hasUnit": "one", "hasNumericalValue": "1"}
ONES: dict[str, Any] = {  # one, as different programs write it
    "a string": ONE,
    "a number": {"hasUnit": "one", "hasNumericalValue": 1},
    "a typed value": {
        "hasUnit": "one",
        "hasNumericalValue": {"type": "http://www.w3.org/2001/XMLSchema#decimal", "@value": "1"},
    },
    "a decimal": {"type": "Measure", "hasUnit": "om2:one", "hasNumericalValue": "1.0"},
}


@dataclass
class PlainPeer:
    """Somebody on such a server, who deals with one member of ours."""

    world: Fediverse
    person: Person
    member_uri: str

    @property
    def base_url(self) -> str:
        return f"https://{self.person.host}"

    def _says(self, type_: str, number: int | str, object_: Any, **more: Any) -> dict[str, Any]:
        return {
            "@context": CONTEXT,
            "type": type_,
            "id": f"{self.base_url}/activities/{type_.lower()}/{number}",
            "actor": self.person.uri,
            "object": object_,
            "to": self.member_uri,
            **more,
        }

    def commitment(self, proposal_uri: str, quantity: Any = ONE) -> dict[str, Any]:
        return {"type": "Commitment", "satisfies": f"{proposal_uri}#primary", "resourceQuantity": quantity}

    def offer(
        self, proposal_uri: str, *, number: int = 1, quantity: Any = ONE, **more: Any
    ) -> dict[str, Any]:
        """Ask for what a proposal offers, or offer what it asks for."""
        agreement = {"type": "Agreement", "stipulates": self.commitment(proposal_uri, quantity)}
        return self._says("Offer", number, agreement, **more)

    def agreement(self, proposal_uri: str, *, number: int = 1, quantity: Any = ONE) -> dict[str, Any]:
        """Return the final Agreement."""
        uri = f"{self.base_url}/agreements/{number}"
        commitment = {"id": f"{uri}#primary", **self.commitment(proposal_uri, quantity)}
        return {"type": "Agreement", "id": uri, "stipulates": commitment}

    def accept(
        self, offer: dict[str, Any], *, number: int = 1, quantity: Any = ONE, **changes: Any
    ) -> dict[str, Any]:
        """Say yes to an Offer of ours, as far as FEP-0837 reads it."""
        proposal_uri = offer["object"]["stipulates"]["satisfies"].removesuffix("#primary")
        result = self.agreement(proposal_uri, number=number, quantity=quantity) | changes
        return self._says("Accept", number, offer["id"], result=result)

    def reject(self, offer: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Say no."""
        return self._says("Reject", 1, offer["id"], **more)

    def undo(self, said: Any) -> dict[str, Any]:
        """Take back what was said, embedded or named."""
        return self._says("Undo", 1, said)

    def confirm(self, agreement_uri: str, **more: Any) -> dict[str, Any]:
        """Say that an agreement is fulfilled, as in the example of the document."""
        receipt = {
            "type": "Document",
            "id": f"{self.base_url}/receipts/1",
            "name": "Receipt",
            "context": agreement_uri,
            "published": "2026-11-24T10:00:00Z",
            **more,
        }
        return self._says("Create", 1, receipt)

    def proposal(self, number: int = 1, *, purpose: str = "offer", **more: Any) -> dict[str, Any]:
        """Publish a proposal: what FEP-0837 requires, and that it is about a mentorship."""
        uri = f"{self.base_url}/proposals/{number}"
        intent = {
            "type": "Intent",
            "id": f"{uri}#primary",
            "action": "deliverService",
            "resourceConformsTo": "https://w3id.org/libline/ns#Mentorship",
            "resourceQuantity": ONE,
        }
        return {
            "@context": CONTEXT,
            "type": "Proposal",
            "id": uri,
            "purpose": purpose,
            "attributedTo": self.person.uri,
            "name": "Cataloguing, from the beginning",
            "content": "I can help.",
            "published": "2026-11-20T08:00:00Z",
            "publishes": intent,
            "unitBased": True,
            "to": "https://www.w3.org/ns/activitystreams#Public",
            **more,
        }

    async def heard(self, type_: str) -> list[dict[str, Any]]:
        """Return what we told this server, of one type, oldest first."""
        return [said for said in await self.world.said(type_) if said["to"] == [self.person.uri]]

    async def messages(self) -> list[str]:
        """Return the private messages that this person was sent, oldest first."""
        return [
            said["object"]["content"]
            for said in await self.heard("Create")
            if said["object"]["type"] in {"Note", "Question"}
        ]


def check_final(accept: dict[str, Any], offer: dict[str, Any]) -> str:
    """Check an Accept of ours as FEP-0837 asks for it; return the id of the agreement."""
    assert accept["object"] == offer["id"], "the id of the Offer, as a string"
    result = accept["result"]
    assert result["type"] == "Agreement"
    commitment = result["stipulates"]
    assert commitment["type"] == "Commitment"
    assert commitment["id"] == f"{result['id']}#primary"
    assert commitment["satisfies"] == offer["object"]["stipulates"]["satisfies"]
    assert commitment["resourceQuantity"] == ONE, "the quantities match"
    assert "stipulatesReciprocal" not in result
    return str(result["id"])
