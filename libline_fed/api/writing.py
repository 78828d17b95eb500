"""How proposals, people and terms are written for programs, in one language for the labels."""

from collections.abc import Iterable
from dataclasses import dataclass

from libline_fed import vocabulary
from libline_fed.activitypub.urls import is_link
from libline_fed.api.shapes import AuthorShape, PlacesShape, ProposalShape, SourceShape, TermShape
from libline_fed.domain.actors import Actor
from libline_fed.domain.profiles import ORGANISATION
from libline_fed.domain.proposals import Proposal
from libline_fed.sanitize import clean_line, plain_text, sanitize_html
from libline_fed.services.site import Site
from libline_fed.vocabulary import Scheme

MAX_NAME_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes what is found on one site, with labels in one language."""

    site: Site
    language: str

    def page_of(self, proposal: Proposal) -> str:
        """Return the address of a proposal's page here."""
        return f"{self.site.uris.base_url}/proposals/{proposal.id}"

    def page_of_person(self, actor: Actor) -> str:
        """Return the address of somebody's page here."""
        if actor.is_local:
            return f"{self.site.uris.base_url}/@{actor.handle}"
        return f"{self.site.uris.base_url}/people/{actor.id}"

    def author(self, actor: Actor) -> AuthorShape:
        """Write who somebody is."""
        return AuthorShape(
            uri=actor.uri,
            name=clean_line(actor.display_name, MAX_NAME_CHARACTERS) or actor.handle,
            address=f"@{actor.acct}",
            host=actor.host,
            url=self.page_of_person(actor),
            is_organisation=actor.type == ORGANISATION,
            is_local=actor.is_local,
        )

    def proposal(self, proposal: Proposal, author: Actor, sources: Iterable[Actor] = ()) -> ProposalShape:
        """Write an offer or request, with who brought it."""
        facts = proposal.facts
        original = proposal.url or proposal.uri
        return ProposalShape(
            id=proposal.id,
            uri=proposal.uri,
            url=self.page_of(proposal),
            original_url=original if is_link(original) else self.page_of(proposal),
            purpose="offer" if proposal.purpose == "offer" else "request",
            status="full" if proposal.status == "full" else "open",
            title=proposal.title,
            text=text_of(proposal),
            html=sanitize_html(proposal.content_html),
            language=proposal.language,
            areas=self.terms(proposal, Scheme.AREA, proposal.areas),
            languages=proposal.languages,
            modes=self.terms(proposal, Scheme.MODE, proposal.modes),
            formats=self.terms(proposal, Scheme.FORMAT, facts.formats),
            goals=self.terms(proposal, Scheme.GOAL, facts.goals),
            stage=self._term(proposal, Scheme.STAGE, facts.stage),
            types=self.terms(proposal, Scheme.TYPE, facts.types_own),
            frequency=self._term(proposal, Scheme.FREQUENCY, facts.frequency),
            months=facts.months,
            answer_days=facts.answer_days,
            places=PlacesShape(
                total_count=proposal.places_count,
                free_count=proposal.places_free_count,
                waiting_count=proposal.waiting_count,
            ),
            open_until=proposal.open_until_on,
            published_at=proposal.published_at,
            edited_at=proposal.edited_at,
            author=self.author(author),
            brought_by=[_source(one) for one in sources],
        )

    def terms(self, proposal: Proposal, scheme: Scheme, ids: Iterable[str]) -> list[TermShape]:
        """Write terms that a proposal names."""
        facts = proposal.facts
        return [TermShape(id=one, label=facts.label(scheme, one, self.language)) for one in ids]

    def _term(self, proposal: Proposal, scheme: Scheme, term_id: str | None) -> TermShape | None:
        return self.terms(proposal, scheme, [term_id])[0] if term_id else None


def _source(actor: Actor) -> SourceShape:
    return SourceShape(
        uri=actor.uri,
        name=clean_line(actor.name, MAX_NAME_CHARACTERS) or actor.host,
        kind="consortium" if actor.type == "Group" else "server",
    )


def text_of(proposal: Proposal) -> str:
    """Return the text of a proposal, plain."""
    return proposal.body_text or plain_text(proposal.content_html)


def label_language(asked: str, default: str) -> str:
    """Return the first of the language asked for, the site's and English in which there are labels."""
    known = vocabulary.LABEL_LANGUAGES
    return next((tag for tag in (asked, default.partition("-")[0]) if tag in known), "en")
