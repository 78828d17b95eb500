"""What to make of a term that this version of the vocabulary may not know.

Other instances run other versions, and add terms of their own, whose ids begin with `x-`. Everything here is
pure: the same term gives the same answer on every instance, because matching depends on it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from libline_fed.sanitize import clean_line
from libline_fed.vocabulary.concepts import ConceptList, Scheme, concepts, in_language

MAX_LABEL_CHARACTERS = 80
_AREA_GROUP = re.compile(r"(A[0-9]{2})[0-9]{2,}\Z")

SenderLabel = str | Mapping[str, str] | None  # one text, or texts by language


class Match(StrEnum):
    """How a term was understood, best first."""

    EXACT = "exact"
    REPLACED = "replaced"  # given up; its successor counts
    BROADER = "broader"  # unknown; the broader term that its sender named counts
    GROUP = "group"  # an unknown area; its group counts
    UNKNOWN = "unknown"  # nothing but the sender's label


@dataclass(frozen=True, slots=True)
class Resolved:
    """A term as understood here."""

    scheme: Scheme
    given_id: str
    id: str | None  # of this vocabulary; None when the term means nothing here
    match: Match
    sender_label: SenderLabel = None

    def label(self, language: str) -> str:
        """Return what people read: our own label where the term is known, else the sender's, else the id.

        An area known by its group only is shown by its sender's label, which says more than the group.
        """
        own = in_language(concepts(self.scheme).concepts[self.id].labels, language) if self.id else ""
        theirs = sender_text(self.sender_label, language)
        if self.match is Match.GROUP:
            return theirs or own
        return own or theirs or clean_line(self.given_id, MAX_LABEL_CHARACTERS)


def resolve(
    scheme: str, term_id: str, *, broader: str | None = None, sender_label: SenderLabel = None
) -> Resolved:
    """Understand a term from anywhere; `broader` and `sender_label` are what its sender said of it.

    A known id stands for itself, one that was given up for its successor. An unknown one, and so every one
    that begins with `x-`, stands for its `broader` term; an area without one for the group in its letters.

    Raises:
        ValueError: There is no such scheme.
    """
    return resolve_in(concepts(scheme), term_id, broader=broader, sender_label=sender_label)


def resolve_in(
    known: ConceptList, term_id: str, *, broader: str | None = None, sender_label: SenderLabel = None
) -> Resolved:
    """Understand a term with the concepts of one version; see `resolve`."""
    found = known.current(term_id)
    if found is not None:
        match = Match.EXACT if found.id == term_id else Match.REPLACED
        return Resolved(known.scheme, term_id, found.id, match, sender_label)
    wider = known.current(broader) if broader else None
    if wider is not None:
        return Resolved(known.scheme, term_id, wider.id, Match.BROADER, sender_label)
    group = _group_in(known, term_id) or (_group_in(known, broader) if broader else None)
    match = Match.GROUP if group else Match.UNKNOWN
    return Resolved(known.scheme, term_id, group, match, sender_label)


def group_of(area_id: str) -> str | None:
    """Return the group of an area or group id, of any version; None for the undecided one and the unknown.

    Scores compare these: two areas of one group count as near.
    """
    known = concepts(Scheme.AREA)
    found = known.current(area_id)
    if found is None:
        return _group_in(known, area_id)
    return found.id if found.is_group else found.broader


def sender_text(sender_label: SenderLabel, language: str) -> str:
    """Return a sender's label as one safe line, in a language if it has that; "" when there is none."""
    if sender_label is None:
        return ""
    text = sender_label if isinstance(sender_label, str) else in_language(sender_label, language)
    return clean_line(text, MAX_LABEL_CHARACTERS)


def _group_in(known: ConceptList, term_id: str) -> str | None:
    match = _AREA_GROUP.match(term_id) if known.scheme is Scheme.AREA else None
    group = known.concepts.get(match[1]) if match else None
    return group.id if group is not None and group.is_group else None
