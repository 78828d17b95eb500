"""Records of mentorships as Open Badges 3.0, which are W3C Verifiable Credentials 2.0: made and read.

Pure, like everything here: no context is ever fetched, since `eddsa-jcs-2022` signs the JSON itself.
Whether a record is to be believed is the question of `credential_checks`.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libline_fed import vocabulary
from libline_fed.activitypub.build import timestamp
from libline_fed.activitypub.contexts import LIBLINE
from libline_fed.activitypub.keys import multibase_of
from libline_fed.activitypub.proofs import add_proof
from libline_fed.activitypub.values import moment_of
from libline_fed.domain.mentorships import Side
from libline_fed.domain.records import Ending, Record

# VC 2.0 §4.3: the first one. Open Badges 3.0, AchievementCredential: the second one.
CREDENTIALS_CONTEXT = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES_CONTEXT = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
CREDENTIAL_TYPE = "VerifiableCredential"
BADGE_TYPE = "OpenBadgeCredential"
MEDIA_TYPE = "application/vc"  # VC 2.0 §C.1
ACHIEVEMENTS = {Side.MENTOR: f"{LIBLINE}Mentoring", Side.MENTEE: f"{LIBLINE}BeingMentored"}
FRAMEWORK = "LibLine vocabulary 1"
MAX_AREAS = 20

Word = TypeVar("Word", Side, Ending)

# What neither context defines; by value, so that nobody has to fetch a third one. No prefix such as `xsd`:
# the context of Open Badges uses it without a definition, and comes a second time in the proof, where its
# protected terms would then mean something else.
_SECURITY = "https://w3id.org/security#"
_TERMS: dict[str, Any] = {
    "assertionMethod": {"@id": f"{_SECURITY}assertionMethod", "@type": "@id", "@container": "@set"},
    "Multikey": f"{_SECURITY}Multikey",
    "controller": {"@id": f"{_SECURITY}controller", "@type": "@id"},
    "publicKeyMultibase": {"@id": f"{_SECURITY}publicKeyMultibase", "@type": f"{_SECURITY}multibase"},
    "mentorship": {"@id": f"{LIBLINE}mentorship", "@type": "@id"},
    "minutes": {"@id": f"{LIBLINE}minutes", "@type": "http://www.w3.org/2001/XMLSchema#integer"},
    "ending": f"{LIBLINE}ending",
    "partnerHost": f"{LIBLINE}partnerHost",
    "partnerName": f"{LIBLINE}partnerName",
}
# What wallets show. The words of the pages come from the catalogues; a signed document keeps its own.
_TEXTS = {
    "en": {
        Side.MENTOR: "Mentoring somebody who works in a library",
        Side.MENTEE: "Being mentored in library work",
        "description": "A mentorship between two people who work in libraries.",
        "criteria": "The two agreed on a goal, a length and a rhythm, worked together, and ended as this "
        "record says. The time is what they wrote down themselves; nobody measured it.",
    },
    "es": {
        Side.MENTOR: "Dar mentoría a una persona que trabaja en bibliotecas",
        Side.MENTEE: "Recibir mentoría para el trabajo en bibliotecas",
        "description": "Una mentoría entre dos personas que trabajan en bibliotecas.",
        "criteria": "Las dos personas acordaron una meta, una duración y un ritmo, trabajaron juntas y "
        "terminaron como dice esta constancia. El tiempo es el que anotaron ellas mismas; nadie lo midió.",
    },
    "fr": {
        Side.MENTOR: "Accompagner une personne qui travaille en bibliothèque",
        Side.MENTEE: "Être accompagné dans le travail en bibliothèque",
        "description": "Un mentorat entre deux personnes qui travaillent en bibliothèque.",
        "criteria": "Les deux personnes se sont entendues sur un but, une durée et un rythme, ont travaillé "
        "ensemble et ont terminé comme le dit cette attestation. Le temps est celui qu’elles ont noté "
        "elles-mêmes ; personne ne l’a mesuré.",
    },
    "ar": {
        Side.MENTOR: "إرشاد شخص يعمل في المكتبات",
        Side.MENTEE: "تلقي الإرشاد في العمل المكتبي",
        "description": "إرشاد مهني بين شخصين يعملان في المكتبات.",
        "criteria": "اتفق الاثنان على هدف ومدة ووتيرة، وعملا معا، وانتهيا كما يذكر هذا السجل. "
        "الوقت هو ما دوناه بنفسيهما، ولم يقسه أحد.",
    },
}


def issue_credential(
    record: Record, *, private_key: Ed25519PrivateKey, key_id: str, created: datetime
) -> bytes:
    """Return a record as the bytes to keep and hand out: signed, in canonical form (RFC 8785), no line end.

    It carries the public key, so that it can be checked without a network; whether the key is the issuer's, a
    reader must know from elsewhere.
    """
    document = build_credential(record, key_id=key_id, multibase=multibase_of(private_key.public_key()))
    signed = add_proof(document, private_key=private_key, key_id=key_id, created=created)
    # Open Badges 3.0: what may come several times is a list, also when it comes once.
    return rfc8785.dumps({**signed, "proof": [signed["proof"]]})


def build_credential(record: Record, *, key_id: str, multibase: str) -> dict[str, Any]:
    """Return a record as a credential that is not signed yet."""
    language = record.language if record.language in _TEXTS else "en"
    texts = _TEXTS[language]
    return {
        "@context": [CREDENTIALS_CONTEXT, OPEN_BADGES_CONTEXT, _TERMS],
        "id": record.uri,
        "type": [CREDENTIAL_TYPE, BADGE_TYPE],
        "name": f"{texts[record.role]}: {record.subject_name}",
        "issuer": {
            "id": record.issuer_uri,
            "type": ["Profile"],
            "name": record.issuer_name,
            "url": record.issuer_url,
            "assertionMethod": [
                {
                    "id": key_id,
                    "type": "Multikey",
                    "controller": record.issuer_uri,
                    "publicKeyMultibase": multibase,
                }
            ],
        },
        "validFrom": timestamp(record.issued_at),
        "credentialSubject": _subject(record, texts, language),
    }


def _subject(record: Record, texts: Mapping[str, str], language: str) -> dict[str, Any]:
    subject: dict[str, Any] = {
        "id": record.subject_uri,
        "type": ["AchievementSubject"],
        "identifier": [
            {
                "type": "IdentityObject",
                "hashed": False,
                "identityType": "name",
                "identityHash": record.subject_name,
            }
        ],
        "role": record.role.value,
        "activityStartDate": _midnight(record.started_on),
        "activityEndDate": _midnight(record.ended_on),
        "creditsEarned": _hours(record.minutes),
        "mentorship": record.mentorship_uri,
        "minutes": record.minutes,
        "ending": record.ending.value,
        "achievement": {
            "id": ACHIEVEMENTS[record.role],
            "type": ["Achievement"],
            "achievementType": "ext:Mentorship",
            "inLanguage": language,
            "name": texts[record.role],
            "description": texts["description"],
            "criteria": {"narrative": texts["criteria"]},
            "alignment": [_alignment(area, language) for area in record.areas[:MAX_AREAS]],
        },
    }
    if record.partner_host is not None:
        subject["partnerHost"] = record.partner_host
    if record.partner_name is not None:
        subject["partnerName"] = record.partner_name
    return subject


def _alignment(area: str, language: str) -> dict[str, Any]:
    alignment = {
        "type": ["Alignment"],
        "targetName": vocabulary.area_label(area, language),
        # An area of a vocabulary that we do not know came as a full URI, and goes out as it came.
        "targetUrl": area if "://" in area else vocabulary.area_uri(area),
    }
    if "://" not in area:
        alignment |= {"targetCode": area, "targetFramework": FRAMEWORK}
    return alignment


def _hours(minutes: int) -> int | float:
    """Return hours as a number that every reader prints alike: whole, or with two decimals at most."""
    return minutes // 60 if minutes % 60 == 0 else round(minutes / 60, 2)


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


# --- reading ----------------------------------------------------------------------------------------


class NotARecord(ValueError):
    """A document that is no record of a mentorship; its text is one sentence that says what is missing."""


def is_credential(document: Mapping[str, Any]) -> bool:
    """Tell whether a document is a verifiable credential, or what somebody made of one."""
    types = document.get("type")
    return "credentialSubject" in document or (isinstance(types, list) and CREDENTIAL_TYPE in types)


def read_credential(document: Mapping[str, Any]) -> Record:
    """Read what a record says, whoever signed it.

    Raises: NotARecord.
    """
    contexts = document.get("@context")
    if not isinstance(contexts, list) or contexts[:2] != [CREDENTIALS_CONTEXT, OPEN_BADGES_CONTEXT]:
        raise NotARecord("it does not name the contexts of VC 2.0 and Open Badges 3.0")
    if document.get("type") != [CREDENTIAL_TYPE, BADGE_TYPE]:
        raise NotARecord("it is no OpenBadgeCredential")
    issuer, subject = _object(document, "issuer"), _object(document, "credentialSubject")
    achievement = _object(subject, "achievement")
    role = _word(Side, subject, "role")
    if achievement.get("id") != ACHIEVEMENTS[role]:
        raise NotARecord("its achievement is not a mentorship in that role")
    minutes = subject.get("minutes")
    if type(minutes) is not int or minutes < 0 or subject.get("creditsEarned") != _hours(minutes):
        raise NotARecord("its minutes and hours are not the same time")
    return Record(
        uri=_text(document, "id"),
        mentorship_uri=_text(subject, "mentorship"),
        subject_uri=_text(subject, "id"),
        subject_name=_name_of(subject),
        role=role,
        areas=_areas_of(achievement),
        minutes=minutes,
        started_on=_moment(subject, "activityStartDate").date(),
        ended_on=_moment(subject, "activityEndDate").date(),
        ending=_word(Ending, subject, "ending"),
        issuer_uri=_text(issuer, "id"),
        issuer_name=_text(issuer, "name"),
        issuer_url=_text(issuer, "url"),
        issued_at=_moment(document, "validFrom"),
        language=_text(achievement, "inLanguage"),
        partner_host=_text(subject, "partnerHost") if "partnerHost" in subject else None,
        partner_name=_text(subject, "partnerName") if "partnerName" in subject else None,
    )


def carried_key(document: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return the id, the controller and the multibase of the one key that a record carries.

    Raises: NotARecord if there is none, or more than one.
    """
    methods = _object(document, "issuer").get("assertionMethod")
    if not isinstance(methods, list) or len(methods) != 1 or not isinstance(methods[0], dict):
        raise NotARecord("it does not carry one key of its issuer")
    key = methods[0]
    if key.get("type") != "Multikey":
        raise NotARecord("the key it carries is no Multikey")
    return _text(key, "id"), _text(key, "controller"), _text(key, "publicKeyMultibase")


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    if not isinstance(value, dict):
        raise NotARecord(f"it has no {name}")
    return value


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or not value:
        raise NotARecord(f"it has no {name}")
    return value


def _moment(holder: Mapping[str, Any], name: str) -> datetime:
    moment = moment_of(holder.get(name))
    if moment is None:
        raise NotARecord(f"its {name} is no date")
    return moment.astimezone(UTC)


def _word(kind: type[Word], holder: Mapping[str, Any], name: str) -> Word:
    try:
        return kind(_text(holder, name))
    except ValueError as error:
        raise NotARecord(f"its {name} is unknown") from error


def _name_of(subject: Mapping[str, Any]) -> str:
    identifiers = subject.get("identifier")
    for entry in identifiers if isinstance(identifiers, list) else []:
        if isinstance(entry, dict) and entry.get("identityType") == "name":
            return _text(entry, "identityHash")
    raise NotARecord("it has no name of its subject")


def _areas_of(achievement: Mapping[str, Any]) -> tuple[str, ...]:
    listed = achievement.get("alignment")
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise NotARecord("it has no list of areas")
    return tuple(vocabulary.area_of_uri(_text(entry, "targetUrl")) for entry in listed)
