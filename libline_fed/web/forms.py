"""The forms people fill in.

WTForms reads and checks them; every problem is one sentence, translated by the page.
"""

from collections.abc import Iterable
from typing import Any

from wtforms import (
    Form,
    HiddenField,
    IntegerField,
    PasswordField,
    StringField,
    TextAreaField,
)
from wtforms.validators import AnyOf, InputRequired, Length, Optional

from libline_fed.domain import accounts
from libline_fed.domain.peers import Policy
from libline_fed.errors import InvalidInput
from libline_fed.ids import new_token
from libline_fed.web.languages import N_, NAMES

# fmt: off
COMMON_LANGUAGES = (
    "ar", "bn", "de", "el", "en", "es", "fa", "fi", "fr", "ha", "he", "hi", "id", "it", "ja",
    "ko", "ms", "nl", "pl", "ps", "pt", "ro", "ru", "rw", "so", "sv", "sw", "ta", "th", "tr",
    "uk", "ur", "vi", "yo", "zh", "zu",
)
# fmt: on
MAX_NAME_CHARACTERS = 100
MAX_SUMMARY_CHARACTERS = 2_000
MAX_SHORT_CHARACTERS = 200
MAX_VALUE_CHARACTERS = 250
MAX_ADDRESS_CHARACTERS = 2_000
MAX_HANDLE_CHARACTERS = 60  # what may be typed; `domain.handles` decides
MAX_TOKEN_CHARACTERS = 100
FIELD_ROWS = 4
NOT_A_CHOICE = N_("Choose one from the list.")
# WTForms' own sentences, in words that help
REWORDED = {
    "Not a valid integer value.": N_("Write a whole number."),
    "Not a valid date value.": N_("Write the day as year-month-day, such as 2027-03-31."),
}


class PlainForm(Form):  # type: ignore[misc]  # WTForms has no types
    """A form whose messages stay English until a page shows them."""

    class Meta:
        """WTForms' switches."""

        locales = False

    def add_problems(self, error: InvalidInput) -> None:
        """Take over the problems that a service found; those of no field become problems of the form."""
        for name, sentence in error.fields.items():
            if name in self:
                self[name].errors = [*self[name].errors, sentence]
            else:
                self.form_errors.append(sentence)

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Return (field id, sentence) for every problem, in the order of the fields."""
        listed = [(field.id, first_sentence(field.errors)) for field in self if field.errors]
        return listed + [("", sentence) for sentence in self.form_errors]


class FormToken(HiddenField):  # type: ignore[misc]
    """The hidden field by which a form that is sent twice is known: see `services.form_tokens`.

    Every form that is shown for the first time gets a new one; one that comes back with problems keeps its
    own. In a template: `{{ form.form_token() }}`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default=new_token, **kwargs)


def first_sentence(errors: Iterable[Any]) -> str:
    """Return the first problem of a field: one sentence at a time is enough."""
    sentence = str(next(iter(errors)))
    return REWORDED.get(sentence, sentence)


def split_tags(text: str) -> list[str]:
    """Return the language codes in `text`, which may be parted by commas, spaces or semicolons."""
    return text.replace(",", " ").replace(";", " ").replace("،", " ").split()


def _at_most(count: int, message: str) -> Length:
    return Length(max=count, message=message)


def _handle() -> StringField:
    too_long = N_("The handle is too long: 30 characters at most.")
    return StringField(
        N_("Handle"), [InputRequired(N_("Choose a handle.")), _at_most(MAX_HANDLE_CHARACTERS, too_long)]
    )


def _email(*, is_needed: bool = True) -> StringField:
    bad = N_("This is not an e-mail address that mail can be sent to.")
    checks: list[Any] = [_at_most(accounts.MAX_EMAIL_CHARACTERS, bad)]
    if is_needed:
        checks.insert(0, InputRequired(N_("Write your e-mail address.")))
    return StringField(N_("E-mail address"), checks)


def _password(label: str, missing: str) -> PasswordField:
    too_long = N_("The password is too long: 200 characters at most.")
    return PasswordField(
        label, [InputRequired(missing), _at_most(accounts.MAX_PASSWORD_CHARACTERS, too_long)]
    )


def short_line(label: str, *, max_characters: int = MAX_SHORT_CHARACTERS) -> StringField:
    """Return a field for one line of at most 200 or 250 characters."""
    too_long = {
        MAX_SHORT_CHARACTERS: N_("This is too long: 200 characters at most."),
        MAX_VALUE_CHARACTERS: N_("This is too long: 250 characters at most."),
    }[max_characters]
    return StringField(label, [_at_most(max_characters, too_long)])


class SignUpForm(PlainForm):
    """Becoming a member."""

    handle = _handle()
    email = _email()
    password = _password(N_("Password"), N_("Choose a password."))
    reason = TextAreaField(N_("Why do you want to join?"))
    invitation = StringField(
        N_("Invitation"), [_at_most(MAX_TOKEN_CHARACTERS, N_("This invitation is not valid."))]
    )


class FirstAdminForm(PlainForm):
    """The first admin's account, by the link that the server prints when it starts."""

    handle = _handle()
    email = _email()
    password = _password(N_("Password"), N_("Choose a password."))


class LoginForm(PlainForm):
    """Logging in."""

    email = _email()
    password = _password(N_("Password"), N_("Write your password."))


class ResetForm(PlainForm):
    """Asking for a way back in."""

    email = _email()


class NewPasswordForm(PlainForm):
    """Choosing a password by a link from a mail."""

    password = _password(N_("New password"), N_("Choose a password."))


class ChangePasswordForm(PlainForm):
    """Changing the password while logged in."""

    old_password = _password(N_("Present password"), N_("Write your present password."))
    new_password = _password(N_("New password"), N_("Choose a password."))


class DeleteAccountForm(PlainForm):
    """Leaving for good."""

    password = _password(N_("Present password"), N_("Write your present password."))


class LanguageForm(PlainForm):
    """The language of the pages."""

    language = StringField(N_("Language of the pages"), [AnyOf(["", *NAMES], message=NOT_A_CHOICE)])


class SearchForm(PlainForm):
    """Looking somebody or something up by its address."""

    q = StringField(N_("Address"), [_at_most(MAX_ADDRESS_CHARACTERS, N_("This address is too long."))])


class InteractForm(PlainForm):
    """Going on in one's account on another server."""

    handle = StringField(
        N_("Your address there"),
        [
            InputRequired(N_("Write your address, such as @name@server.example.")),
            _at_most(MAX_ADDRESS_CHARACTERS, N_("This address is too long.")),
        ],
    )


class PeerForm(PlainForm):
    """The rule for one server."""

    host = StringField(
        N_("Server"),
        [
            InputRequired(N_("Write the name of a server, such as library.example.")),
            _at_most(MAX_SHORT_CHARACTERS, N_("This is too long: 200 characters at most.")),
        ],
    )
    policy = StringField(N_("Rule"), [AnyOf(list(Policy), message=NOT_A_CHOICE)])
    note = TextAreaField(
        N_("Reason, for you and other admins"),
        [_at_most(1_000, N_("The text is too long: 1,000 characters at most."))],
    )


class InvitationForm(PlainForm):
    """An invitation link."""

    email = _email(is_needed=False)
    uses_count = IntegerField(N_("How many people may use it"), [Optional()], default=1)
