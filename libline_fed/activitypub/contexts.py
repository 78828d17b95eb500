"""The JSON-LD contexts of what we send. Constants: no context is ever fetched.

Every URL here is bundled by the JSON-LD libraries of the programs that process contexts at all.
"""

from typing import Any

ACTIVITY_STREAMS = "https://www.w3.org/ns/activitystreams"
SECURITY = "https://w3id.org/security/v1"
DATA_INTEGRITY = "https://w3id.org/security/data-integrity/v2"
DID = "https://www.w3.org/ns/did/v1"
MULTIKEY = "https://w3id.org/security/multikey/v1"
WEBFINGER = "https://purl.archive.org/socialweb/webfinger"
LIBLINE = "https://w3id.org/libline/ns#"

ACTOR_CONTEXT: tuple[Any, ...] = (
    ACTIVITY_STREAMS,
    SECURITY,
    DATA_INTEGRITY,
    DID,
    MULTIKEY,
    WEBFINGER,
    {
        "toot": "http://joinmastodon.org/ns#",
        "schema": "http://schema.org#",
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
        "movedTo": {"@id": "as:movedTo", "@type": "@id"},
        "featured": {"@id": "toot:featured", "@type": "@id"},
        "featuredTags": {"@id": "toot:featuredTags", "@type": "@id"},
        "discoverable": "toot:discoverable",
        "indexable": "toot:indexable",
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
        "implements": {"@id": "https://w3id.org/fep/844e/implements", "@type": "@id", "@container": "@list"},
        "ll": LIBLINE,
        "proposals": {"@id": "ll:proposals", "@type": "@id"},
        "members": {"@id": "ll:members", "@type": "@id"},
        "charter": {"@id": "ll:charter", "@type": "@id"},
        "charterText": "ll:charterText",
        "cohorts": {"@id": "ll:cohorts", "@type": "@id"},
        "blockedDomains": {"@id": "ll:blockedDomains", "@type": "@id"},
        "continues": {"@id": "ll:continues", "@type": "@id"},
    },
)

PROPOSAL_CONTEXT: tuple[Any, ...] = (
    ACTIVITY_STREAMS,
    DATA_INTEGRITY,  # defines `proof` (FEP-8b32)
    {
        "Hashtag": "as:Hashtag",
        "sensitive": "as:sensitive",
        "ostatus": "http://ostatus.org#",
        "conversation": "ostatus:conversation",
        "schema": "http://schema.org/",
        "availableLanguage": "schema:availableLanguage",
        "om2": "http://www.ontology-of-units-of-measure.org/resource/om-2/",
        "vf": "https://w3id.org/valueflows/ont/vf#",
        "Proposal": "vf:Proposal",
        "Intent": "vf:Intent",
        "purpose": "vf:purpose",
        "publishes": "vf:publishes",
        "unitBased": "vf:unitBased",
        "action": "vf:action",
        "resourceConformsTo": {"@id": "vf:resourceConformsTo", "@type": "@id"},
        "resourceClassifiedAs": {"@id": "vf:resourceClassifiedAs", "@type": "@id"},
        "resourceQuantity": "vf:resourceQuantity",
        "availableQuantity": "vf:availableQuantity",
        "hasUnit": "om2:hasUnit",
        "hasNumericalValue": "om2:hasNumericalValue",
        "ll": LIBLINE,
        "title": "ll:title",
        "proposalStatus": "ll:proposalStatus",
        "modality": "ll:modality",
        "revision": "ll:revision",
        "vocabularyVersion": "ll:vocabularyVersion",
        "areas": {"@id": "ll:areas", "@container": "@list"},  # their order is their rank
        "broader": {"@id": "ll:broader", "@type": "@id"},
        "label": {"@id": "ll:label", "@container": "@language"},
        "level": "ll:level",
        "language": "ll:language",
        "languageLevels": "ll:languageLevels",
        "goals": "ll:goals",
        "formats": "ll:formats",
        "frequency": "ll:frequency",
        "months": "ll:months",
        "stage": "ll:stage",
        "stagesWished": "ll:stagesWished",
        "typesOwn": "ll:typesOwn",
        "typesWished": "ll:typesWished",
        "styles": "ll:styles",
        "answerDays": "ll:answerDays",
        "notHelp": "ll:notHelp",
        "places": "ll:places",
        "waiting": "ll:waiting",
    },
)

# What both must agree on travels as JSON literals (JSON-LD 1.1 §4.2.2): nobody else needs to read inside.
AGREEMENT_CONTEXT: tuple[Any, ...] = (
    ACTIVITY_STREAMS,
    {
        "om2": "http://www.ontology-of-units-of-measure.org/resource/om-2/",
        "vf": "https://w3id.org/valueflows/ont/vf#",
        "Agreement": "vf:Agreement",
        "Commitment": "vf:Commitment",
        "stipulates": "vf:stipulates",
        "satisfies": {"@id": "vf:satisfies", "@type": "@id"},
        "resourceQuantity": "vf:resourceQuantity",
        "hasUnit": "om2:hasUnit",
        "hasNumericalValue": "om2:hasNumericalValue",
        "ll": LIBLINE,
        "version": "ll:version",
        "message": "ll:message",
        "answers": {"@id": "ll:answers", "@type": "@json"},
        "terms": {"@id": "ll:terms", "@type": "@json"},
        "standing": {"@id": "ll:standing", "@type": "@json"},
        "confirmations": {"@id": "ll:confirmations", "@type": "@json"},
        "contact": "ll:contact",
        "reason": "ll:reason",
        "offer": {"@id": "ll:offer", "@type": "@id"},
        "mentor": {"@id": "ll:mentor", "@type": "@id"},
        "purpose": "vf:purpose",
        "agreements": {"@id": "ll:agreements", "@type": "@json"},
    },
)

ACTIVITY_CONTEXT: tuple[Any, ...] = (ACTIVITY_STREAMS, DATA_INTEGRITY)
