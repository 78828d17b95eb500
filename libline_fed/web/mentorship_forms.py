"""The forms of mentorships. Each says what its writer had seen, so that nobody decides on something else."""

from typing import Any

from wtforms import BooleanField, DateField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional

from libline_fed import vocabulary
from libline_fed.domain.mentorships import Mentorship
from libline_fed.services.requests import Words
from libline_fed.web.forms import FormToken, PlainForm
from libline_fed.web.languages import N_

WRITE_A_DAY = N_("Choose a day.")


class StepForm(PlainForm):
    """A step with nothing to fill in."""

    form_token = FormToken()
    seen = HiddenField()  # the latest thing that had happened when the page was shown

    @property
    def typed(self) -> list[str]:
        """Return the texts that somebody wrote: they are shown again when a step is refused."""
        texts = [field.data for field in self if isinstance(field, StringField | TextAreaField)]
        return [text.strip() for text in texts if isinstance(text, str) and text.strip()]


class AcceptForm(StepForm):
    """Saying yes."""

    is_last = BooleanField(N_("Take no more requests to this offer for now"))


class DeclineForm(StepForm):
    """Saying no."""

    reason = RadioField(
        N_("Why?"), [InputRequired(N_("Choose a reason."))], validate_choice=False, default="not-now"
    )
    note = TextAreaField(N_("A few words, if you like"))
    is_unavailable = BooleanField(N_("Take no more requests to this offer for now"))


class TermsForm(StepForm):
    """What two people wish for, or agree on; which of the fields a page shows is its own choice."""

    goal = TextAreaField(N_("The goal, in a sentence"))
    goal_type = SelectField(N_("What kind of goal is it?"), validate_choice=False)
    months = SelectField(N_("How long?"), validate_choice=False)
    frequency = SelectField(N_("How often?"), validate_choice=False)
    mode = SelectField(N_("How will you meet?"), validate_choice=False)

    def terms(self) -> dict[str, Any]:
        """Return the terms as they were filled in; the service judges them."""
        terms: dict[str, Any] = {"goal": (self.goal.data or "").strip()}
        for name, scheme in (("goal_type", "goal"), ("frequency", "frequency"), ("mode", "mode")):
            chosen = self[name].data or ""
            terms[name] = chosen if vocabulary.is_term(scheme, chosen) else ""
        months = self.months.data or ""
        if months.isascii() and months.isdigit():
            terms["months"] = int(months[:2])
        return terms


class RequestForm(TermsForm):
    """Asking for mentoring, or offering it to somebody who looks for a mentor."""

    message_text = TextAreaField(N_("Your message"))
    why = TextAreaField(N_("Why do you ask this person?"))
    by_when = TextAreaField(N_("What would you like to reach, and by when?"))
    tried = TextAreaField(N_("What have you tried so far?"))
    language = SelectField(N_("Language of this text"), validate_choice=False)
    has_conflict = BooleanField()

    def words(self) -> Words:
        """Return what was written."""
        return Words(
            message_text=self.message_text.data or "",
            answers={name: (self[name].data or "").strip() for name in ("why", "by_when", "tried")},
            terms=self.terms(),
            language=self.language.data or None,
        )


class CounterForm(TermsForm):
    """Other terms instead of a yes or no."""

    message_text = TextAreaField(N_("Your message"))

    def words(self) -> Words:
        """Return what was written."""
        return Words(message_text=self.message_text.data or "", terms=self.terms())


class AgreementForm(TermsForm):
    """What two people agree on."""

    is_confidential = BooleanField(N_("What we say stays between us"))
    may_name = BooleanField(N_("Each of us may name the other in a signed record"))
    end_rule = TextAreaField(N_("How do we end it, if one of us wants to?"))

    def terms(self) -> dict[str, Any]:
        """Return the terms as they were filled in."""
        return super().terms() | {
            "is_confidential": bool(self.is_confidential.data),
            "may_name": bool(self.may_name.data),
            "end_rule": (self.end_rule.data or "").strip(),
        }


class ConfirmForm(StepForm):
    """Saying yes to the terms as they were read."""

    terms_version = HiddenField()
    contact = StringField(N_("How to reach you if a server fails"))

    @property
    def seen_version(self) -> int:
        """Return which version of the terms was on the page."""
        text = self.terms_version.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


class QuestionForm(StepForm):
    """A short question before a request."""

    text = TextAreaField(N_("Your question"))


class PauseForm(StepForm):
    """A pause with a day to go on."""

    until_on = DateField(N_("Go on on"), [Optional()])


class ExtendForm(StepForm):
    """A later last day."""

    ends_on = DateField(N_("New last day"), [Optional()])


class EndForm(StepForm):
    """An early end."""

    reason = TextAreaField(N_("Why? Only you can read this"))


def terms_data(mentorship: Mentorship) -> dict[str, Any]:
    """Return what a form of terms shows at first."""
    terms = dict(mentorship.terms)
    terms["months"] = str(terms.get("months", ""))
    return terms


def words_data(mentorship: Mentorship) -> dict[str, Any]:
    """Return what the form of a request shows at first: its draft."""
    return {
        **terms_data(mentorship),
        **mentorship.answers,
        "message_text": mentorship.message_text,
        "language": mentorship.language,
    }
