"""Terms that one instance adds for itself: their ids, and how they travel with label and broader term.

An id that begins with `x-` means something on the instance that made it only; two instances may use one id
for two things. So it always travels with the published term it belongs to, and counts as that one elsewhere
and at home alike.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libline_fed.sanitize import clean_line
from libline_fed.vocabulary.concepts import BASE_URI, Scheme, in_language
from libline_fed.vocabulary.fallback import MAX_LABEL_CHARACTERS, Resolved, resolve
from libline_fed.vocabulary.languages import canonical_language

MAX_LABELS = 20
MAX_TERM_ID_CHARACTERS = 40
# What the program computes with cannot be added to: nobody else's score would know a seventh rhythm.
EXTENSIBLE_SCHEMES = (
    Scheme.AREA,
    Scheme.ROLE,
    Scheme.TYPE,
    Scheme.CREDENTIAL,
    Scheme.GOAL,
    Scheme.STYLE,
)
_LOCAL_ID = re.compile(r"x-[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_ANY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*\Z")


@dataclass(frozen=True, slots=True)
class LocalTerm:
    """A term that this instance added; `labels` by language, at least one."""

    id: str
    scheme: Scheme
    broader_id: str
    labels: Mapping[str, str]
    created_at: datetime

    def label(self, language: str) -> str:
        """Return the label in a language, else in English, else in any."""
        return in_language(self.labels, language)

    def named(self) -> "NamedTerm":
        """Return the term as it travels."""
        return NamedTerm(self.scheme, self.id, self.broader_id, self.labels)


@dataclass(frozen=True, slots=True)
class NamedTerm:
    """A term as its sender named it: the id, and for one of its own also broader term and labels."""

    scheme: Scheme
    id: str
    broader_id: str | None = None
    labels: Mapping[str, str] | None = None

    def resolved(self) -> Resolved:
        """Return the term as understood here."""
        return resolve(self.scheme, self.id, broader=self.broader_id, sender_label=self.labels)


def is_local_id(term_id: str) -> bool:
    """Tell whether an id is of the form that instances give to their own terms, such as `x-braille`."""
    return len(term_id) <= MAX_TERM_ID_CHARACTERS and _LOCAL_ID.match(term_id) is not None


def named_terms(scheme: str, term_ids: Iterable[str], local: Iterable[LocalTerm]) -> list[NamedTerm]:
    """Return terms as they travel: those that are among the instance's own with label and broader term.

    Raises:
        ValueError: There is no such scheme.
    """
    known = Scheme(scheme)
    own = {term.id: term.named() for term in local if term.scheme == known}
    return [own.get(term_id) or NamedTerm(known, term_id) for term_id in term_ids]


def named_term_json(term: NamedTerm) -> dict[str, Any]:
    """Write a term for the wire: `id`, and `broader` and `label` (by language) if it has them."""
    written: dict[str, Any] = {"id": term.id}
    if term.broader_id:
        written["broader"] = term.broader_id
    if term.labels:
        written["label"] = dict(term.labels)
    return written


def named_term_of_json(scheme: str, value: object, *, language: str = "en") -> NamedTerm | None:
    """Read a term from the wire: an id, a URI of the vocabulary, or an object with `id`, `label`, `broader`.

    Takes what makes sense and drops the rest; None when there is no usable id. A `label` that is a single
    text counts as being in `language`, that of the document.

    Raises:
        ValueError: There is no such scheme.
    """
    known = Scheme(scheme)
    if not isinstance(value, dict):
        term_id = _id_in(known, value)
        return NamedTerm(known, term_id) if term_id else None
    term_id = _id_in(known, value.get("id"))
    if term_id is None:
        return None
    broader_id = _id_in(known, value.get("broader"))
    return NamedTerm(known, term_id, broader_id, _labels(value.get("label"), language))


def _id_in(scheme: Scheme, value: object) -> str | None:
    if not isinstance(value, str):
        return None
    term_id = value.removeprefix(f"{BASE_URI}{scheme}/")
    return term_id if len(term_id) <= MAX_TERM_ID_CHARACTERS and _ANY_ID.match(term_id) else None


def _labels(value: object, language: str) -> dict[str, str] | None:
    given = {language: value} if isinstance(value, str) else value
    if not isinstance(given, dict):
        return None
    labels: dict[str, str] = {}
    for tag, text in list(given.items())[:MAX_LABELS]:
        spelled = canonical_language(tag) if isinstance(tag, str) else None
        line = clean_line(text, MAX_LABEL_CHARACTERS) if isinstance(text, str) else ""
        if spelled and line:
            labels[spelled] = line
    return labels or None
