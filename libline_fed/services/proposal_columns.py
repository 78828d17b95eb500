"""What is written into a proposal, checked and turned into the columns of its row."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from libline_fed import vocabulary
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import left_out_of, with_left_out
from libline_fed.domain.profiles import ORGANISATION
from libline_fed.domain.proposal_details import Details, checked_details
from libline_fed.domain.proposals import (
    MAX_BODY_CHARACTERS,
    Draft,
    Proposal,
    Purpose,
    check_draft,
    marked,
    marker_of,
)
from libline_fed.sanitize import clean_line, clean_text, linkify_text
from libline_fed.services import vocabulary as vocabulary_terms
from libline_fed.storage.store import Tx
from libline_fed.vocabulary import LocalTerm, Scheme

MAX_TITLE_INPUT = 10_000  # what is longer is cut before it is looked at


async def checked_columns(
    tx: Tx, draft: Draft, author: Actor, now: datetime, *, unchanged_until: Proposal | None = None
) -> dict[str, Any]:
    """Check a draft and return its columns. What cannot be seen does not count as text."""
    body_text = clean_text(draft.body_text)
    is_blank = not clean_line(body_text, MAX_BODY_CHARACTERS)
    draft = replace(
        draft,
        title=clean_line(draft.title, MAX_TITLE_INPUT),
        body_text="" if is_blank else body_text,
        details=_cleaned_details(draft),
    )
    own_terms = {(term.scheme, term.id): term for term in await vocabulary_terms.list_terms(tx)}
    # A last day that has passed may stay while other fields change.
    is_same_day = unchanged_until is not None and draft.open_until_on == unchanged_until.open_until_on
    today = min(now.date(), draft.open_until_on or now.date()) if is_same_day else now.date()
    check_draft(
        draft,
        today=today,
        is_term=lambda scheme, term: vocabulary.is_term(scheme, term) or (Scheme(scheme), term) in own_terms,
        is_language=vocabulary.is_language,
        is_organisation=author.type == ORGANISATION,
    )
    html = linkify_text(draft.body_text)
    details = replace(draft.details, named=_named(draft, own_terms))
    before = unchanged_until.details if unchanged_until is not None else {}
    left_out = left_out_of(before) if draft.groups_left_out is None else draft.groups_left_out
    return {
        "title": draft.title,
        "body_text": draft.body_text,
        "content_html": html,
        "search_text": "",
        "language": vocabulary.canonical_language(draft.language),
        "areas": list(dict.fromkeys(draft.areas)),
        "languages": list(dict.fromkeys(map(vocabulary.canonical_language, draft.languages))),
        "modes": list(dict.fromkeys(draft.modes)),
        "places_count": draft.places_count,
        "open_until_on": draft.open_until_on,
        "audience": draft.audience,
        "details": marked(with_left_out(details.stored(), left_out), marker_of(before)),
    }


def _cleaned_details(draft: Draft) -> Details:
    details = replace(draft.details, not_help_text=clean_text(draft.details.not_help_text))
    return checked_details(
        details, areas=draft.areas, languages=draft.languages, is_offer=draft.purpose == Purpose.OFFER
    )


def _named(draft: Draft, own_terms: Mapping[tuple[Scheme, str], LocalTerm]) -> dict[str, Any]:
    """Return the label and broader term of each chosen term that is this instance's own."""
    details = draft.details
    chosen = {*draft.areas, *details.goals, *details.types_own, *details.types_wished, *details.styles}
    return {
        term.id: {"label": dict(term.labels), "broader": term.broader_id}
        for (_, term_id), term in own_terms.items()
        if term_id in chosen
    }
