"""The form for offers and requests: a short part that is needed, and the rest for those who want to say more.

`domain.proposals.check_draft` has the last word on every field.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from wtforms import (
    DateField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Optional

from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import left_out_of
from libline_fed.domain.profiles import ProfileDetails, Shown
from libline_fed.domain.proposal_details import Details
from libline_fed.domain.proposals import MAX_PLACES, Audience, Draft, Proposal
from libline_fed.web.bodies import Fields
from libline_fed.web.choices import paired
from libline_fed.web.csrf import FIELD
from libline_fed.web.forms import COMMON_LANGUAGES, FormToken, PlainForm, short_line, split_tags
from libline_fed.web.languages import N_

DRAFT_KIND = "proposal"
NOT_KEPT = frozenset({FIELD, "form_token", "draft", "purpose"})  # fields that are no part of a draft
# Which fields stand in which folded part of the page; one with a problem in it is open.
PARTS = {
    "aims": ("goals", "not_help_text"),
    "frame": ("formats", "frequency", "months", "answer_days"),
    "about": ("stage", "types_own", "styles"),
    "wishes": ("stages_wished", "types_wished"),
    "more": ("open_until_on", "language"),
}


def _many(label: str) -> SelectMultipleField:
    return SelectMultipleField(label, validate_choice=False)


class ProposalForm(PlainForm):
    """An offer or a request."""

    form_token = FormToken()
    title = StringField(N_("Title"))
    body_text = TextAreaField(N_("Text"))
    areas = _many(N_("Areas"))
    area_levels = _many(N_("Level"))
    languages = _many(N_("Languages you can talk in"))
    language_levels = _many(N_("Level"))
    more_languages = short_line(N_("Other languages"))
    modes = _many(N_("Ways to meet"))
    places_count = IntegerField(N_("Places"), [InputRequired(N_("Write a number of places from 1 to 50."))])
    goals = _many(N_("Goals"))
    not_help_text = TextAreaField(N_("What I cannot help with"))
    formats = _many(N_("Kind of mentoring"))
    frequency = SelectField(N_("How often"), validate_choice=False)
    months = SelectField(N_("How long"), validate_choice=False)
    answer_days = SelectField(N_("I answer within"), validate_choice=False)
    stage = SelectField(N_("Where I am in my working life"), validate_choice=False)
    types_own = _many(N_("Libraries I know from inside"))
    styles = _many(N_("How I like to work"))
    stages_wished = _many(N_("My mentor should be"))
    types_wished = _many(N_("My mentor should know"))
    open_until_on = DateField(N_("Open until"), [Optional()])
    language = SelectField(N_("Language of this text"), validate_choice=False)
    audience = RadioField(N_("Who may read this?"), validate_choice=False)
    groups_left_out = _many(N_("Keep this out of"))

    @property
    def area_rows(self) -> list[tuple[str, str]]:
        """The chosen areas with their levels."""
        return paired(self.areas.data, self.area_levels.data)

    @property
    def language_rows(self) -> list[tuple[str, str]]:
        """The chosen languages with their levels."""
        return paired(self.languages.data, self.language_levels.data)

    @property
    def open_parts(self) -> frozenset[str]:
        """The folded parts of the page that have a problem in them."""
        wrong = {name for name, field in self._fields.items() if field.errors}
        return frozenset(part for part, names in PARTS.items() if wrong.intersection(names))

    def draft(self, purpose: str) -> Draft:
        """Return what was written, for the service to judge."""
        spoken = [tag for tag, _ in self.language_rows] + split_tags(self.more_languages.data or "")
        return Draft(
            purpose=purpose,
            title=(self.title.data or "").strip(),
            body_text=(self.body_text.data or "").strip(),
            language=self.language.data or "",
            areas=tuple(area for area, _ in self.area_rows),
            languages=tuple(dict.fromkeys(spoken)),
            modes=_chosen(self.modes.data),
            places_count=_bounded(self.places_count.data),
            open_until_on=self.open_until_on.data,
            audience=self.audience.data or "",
            details=self._details(),
            groups_left_out=_chosen(self.groups_left_out.data),
        )

    def _details(self) -> Details:
        return Details(
            levels={area: int(level) for area, level in self.area_rows if level in {"1", "2", "3"}},
            goals=_chosen(self.goals.data),
            language_levels={tag: level for tag, level in self.language_rows if level},
            formats=_chosen(self.formats.data),
            frequency=self.frequency.data or None,
            months=_number(self.months.data),
            stage=self.stage.data or None,
            stages_wished=_chosen(self.stages_wished.data),
            types_own=_chosen(self.types_own.data),
            types_wished=_chosen(self.types_wished.data),
            styles=_chosen(self.styles.data),
            answer_days=_number(self.answer_days.data),
            not_help_text=self.not_help_text.data or "",
        )


def empty_form(actor: Actor, profile: ProfileDetails, language: str) -> ProposalForm:
    """Return the form for something new; what the member shows everybody is filled in already."""
    spoken = actor.languages or [language]
    is_public = profile.facts_shown == Shown.PUBLIC
    return ProposalForm(
        data={
            **_language_data(spoken, profile.language_levels),
            "language": language,
            "places_count": 1,
            "audience": Audience.PUBLIC,
            "modes": ["M1"],
            "stage": profile.stage if is_public else None,
            "types_own": list(profile.types_own) if is_public else [],
            "styles": list(profile.styles) if is_public else [],
        }
    )


def filled_form(proposal: Proposal) -> ProposalForm:
    """Return the form with what a proposal says now."""
    facts = proposal.facts
    return ProposalForm(
        data={
            **_language_data(proposal.languages, facts.language_levels),
            "title": proposal.title,
            "body_text": proposal.body_text,
            "areas": proposal.areas,
            "area_levels": [str(facts.levels.get(area, "")) for area in proposal.areas],
            "modes": proposal.modes,
            "places_count": proposal.places_count,
            "open_until_on": proposal.open_until_on,
            "language": proposal.language,
            "audience": proposal.audience,
            "goals": list(facts.goals),
            "not_help_text": facts.not_help_text,
            "formats": list(facts.formats),
            "frequency": facts.frequency,
            "months": _text_of(facts.months),
            "answer_days": _text_of(facts.answer_days),
            "stage": facts.stage,
            "types_own": list(facts.types_own),
            "styles": list(facts.styles),
            "stages_wished": list(facts.stages_wished),
            "types_wished": list(facts.types_wished),
            "groups_left_out": list(left_out_of(proposal.details)),
        }
    )


def draft_data(form: Fields) -> dict[str, str | list[str]]:
    """Return what is kept of a form that was not sent."""
    return {name: form.getlist(name) for name in dict.fromkeys(form) if name not in NOT_KEPT}


def form_of_draft(data: Mapping[str, str | list[str]]) -> ProposalForm:
    """Return the form as it was when it was kept."""
    kept = {name: [value] if isinstance(value, str) else value for name, value in data.items()}
    return ProposalForm(Fields([(name, item) for name, listed in kept.items() for item in listed]))


def _language_data(languages: Iterable[str], levels: Mapping[str, str]) -> dict[str, Any]:
    """Return the rows of the common languages and of those with a level; the rest go into one line."""
    listed = [tag for tag in languages if tag in COMMON_LANGUAGES or tag in levels]
    return {
        "languages": listed,
        "language_levels": [levels.get(tag, "") for tag in listed],
        "more_languages": " ".join(tag for tag in languages if tag not in listed),
    }


def _chosen(values: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values or () if value))


def _number(text: str | None) -> int | None:
    """Return a count that was chosen; what is no such number is one that is not in the list."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1


def _text_of(value: int | None) -> str:
    return "" if value is None else str(value)


def _bounded(value: int | None) -> int:
    """Return a number that every database can hold; far too large ones stay too large."""
    return 0 if value is None else max(-1, min(value, MAX_PLACES + 1))
