"""The forms in which members say who they are and when they have time."""

from collections.abc import Iterable
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional

from libline_fed.domain.actors import Actor
from libline_fed.domain.availability import DAY_MINUTES, DAYS_COUNT, PARTS, Hours, PartOfDay, by_part
from libline_fed.domain.profiles import ProfileDetails
from libline_fed.errors import InvalidInput
from libline_fed.sanitize import plain_text
from libline_fed.web.bodies import Fields
from libline_fed.web.choices import paired
from libline_fed.web.forms import (
    COMMON_LANGUAGES,
    FIELD_ROWS,
    MAX_NAME_CHARACTERS,
    MAX_SUMMARY_CHARACTERS,
    MAX_VALUE_CHARACTERS,
    PlainForm,
    short_line,
    split_tags,
)
from libline_fed.web.languages import N_

BAD_TIME = N_(
    "Write times such as 09:00 that lie in their part of the day: morning until 12:00, afternoon from 12:00 "
    "until 18:00, evening from 18:00."
)


class ProfileForm(PlainForm):
    """What others see of a member, and who may follow."""

    name = StringField(
        N_("Your name"),
        [Length(max=MAX_NAME_CHARACTERS, message=N_("The name is too long: 100 characters at most."))],
    )
    type = RadioField(N_("This account belongs to"), validate_choice=False)
    summary_text = TextAreaField(
        N_("About you"),
        [
            Length(
                max=MAX_SUMMARY_CHARACTERS, message=N_("The text is too long: 2,000 characters at most.")
            )
        ],
    )
    languages = SelectMultipleField(N_("Languages you speak"), validate_choice=False)
    language_levels = SelectMultipleField(N_("Level"), validate_choice=False)
    more_languages = short_line(N_("Other languages"))
    stage = SelectField(N_("Where I am in my working life"), validate_choice=False)
    tracks = SelectMultipleField(N_("What I do"), validate_choice=False)
    types_own = SelectMultipleField(N_("Libraries I know from inside"), validate_choice=False)
    credentials = SelectMultipleField(N_("Training"), validate_choice=False)
    styles = SelectMultipleField(N_("How I like to work"), validate_choice=False)
    facts_shown = RadioField(N_("Who may see this?"), validate_choice=False)
    institution = StringField(N_("Institution"))
    country = SelectField(N_("Country"), validate_choice=False)
    place_shown = RadioField(N_("Who may see institution and country?"), validate_choice=False)
    accepts_own_institution = BooleanField(N_("Also match me with people of my own institution"))
    field_name_1 = short_line(N_("Label"))
    field_value_1 = short_line(N_("Content"), max_characters=MAX_VALUE_CHARACTERS)
    field_name_2 = short_line(N_("Label"))
    field_value_2 = short_line(N_("Content"), max_characters=MAX_VALUE_CHARACTERS)
    field_name_3 = short_line(N_("Label"))
    field_value_3 = short_line(N_("Content"), max_characters=MAX_VALUE_CHARACTERS)
    field_name_4 = short_line(N_("Label"))
    field_value_4 = short_line(N_("Content"), max_characters=MAX_VALUE_CHARACTERS)
    is_discoverable = BooleanField(N_("Let people find my profile in lists and searches"))
    manually_approves_followers = BooleanField(N_("I decide who may follow me"))

    @property
    def language_rows(self) -> list[tuple[str, str]]:
        """The chosen languages with their levels."""
        return paired(self.languages.data, self.language_levels.data)

    @property
    def spoken(self) -> list[str]:
        """All languages that are named, chosen or written."""
        written = split_tags(self.more_languages.data or "")
        return list(dict.fromkeys([*(tag for tag, _ in self.language_rows), *written]))

    def fields_given(self) -> list[tuple[str, str]]:
        """Return the rows that have a label or a content."""
        rows = [
            (self._typed(f"field_name_{number}"), self._typed(f"field_value_{number}"))
            for number in range(1, FIELD_ROWS + 1)
        ]
        return [row for row in rows if any(row)]

    def details(self, before: ProfileDetails) -> ProfileDetails:
        """Return the facts that were given; what the form did not send stays as it was."""
        return ProfileDetails(
            stage=self.stage.data or None,
            tracks=_chosen(self.tracks.data),
            types_own=_chosen(self.types_own.data),
            credentials=_chosen(self.credentials.data),
            styles=_chosen(self.styles.data),
            language_levels={tag: level for tag, level in self.language_rows if level},
            facts_shown=self.facts_shown.data or before.facts_shown,
            institution=self._typed("institution"),
            country=self.country.data or "",
            place_shown=self.place_shown.data or before.place_shown,
            accepts_own_institution=bool(self.accepts_own_institution.data),
        )

    def _typed(self, name: str) -> str:
        return (self[name].data or "").strip()


def profile_data(actor: Actor, details: ProfileDetails) -> dict[str, Any]:
    """Return what the form shows of a member."""
    listed = [tag for tag in actor.languages if tag in COMMON_LANGUAGES or tag in details.language_levels]
    data: dict[str, Any] = {
        "name": actor.name,
        "type": actor.type,
        "summary_text": actor.summary_text,
        "languages": listed,
        "language_levels": [details.language_levels.get(tag, "") for tag in listed],
        "more_languages": " ".join(tag for tag in actor.languages if tag not in listed),
        "stage": details.stage,
        "tracks": list(details.tracks),
        "types_own": list(details.types_own),
        "credentials": list(details.credentials),
        "styles": list(details.styles),
        "facts_shown": details.facts_shown,
        "institution": details.institution,
        "country": details.country,
        "place_shown": details.place_shown,
        "accepts_own_institution": details.accepts_own_institution,
        "is_discoverable": actor.is_discoverable,
        "manually_approves_followers": actor.manually_approves_followers,
    }
    for number, (name, html) in enumerate(actor.fields[:FIELD_ROWS], start=1):
        data |= {f"field_name_{number}": name, f"field_value_{number}": plain_text(html)}
    return data


class TimeForm(PlainForm):
    """When a member has time in a week. The hours themselves are read by `hours_of`."""

    zone = SelectField(N_("Time zone"), validate_choice=False)
    hours = StringField(N_("My week"))
    target_count = IntegerField(
        N_("How many mentors do I want at a time?"), [InputRequired(N_("Write a number from 1 to 10."))]
    )


class AbsenceForm(PlainForm):
    """A holiday."""

    from_on = DateField(N_("First day"), [Optional()])
    until_on = DateField(N_("Last day"), [Optional()])


class Cell:
    """One part of one day in the form for the week."""

    def __init__(self, day: int, part: PartOfDay, *, is_free: bool, begins: str, ends: str) -> None:
        self.day = day
        self.part = part.name
        self.is_free = is_free
        self.begins = begins
        self.ends = ends


def week_of(hours: Hours) -> list[list[Cell]]:
    """Return the form's cells by day for stored hours; those without hours propose the usual ones."""
    stored = by_part(hours)
    return [[_cell(day, part, stored.get((day, part.name))) for part in PARTS] for day in range(DAYS_COUNT)]


def week_sent(form: Fields) -> list[list[Cell]]:
    """Return the form's cells as they were sent, however wrong."""
    ticked = set(form.getlist("free"))
    return [
        [
            Cell(
                day,
                part,
                is_free=f"{day}-{part.name}" in ticked,
                begins=form.get(f"from-{day}-{part.name}", "")[:20],
                ends=form.get(f"until-{day}-{part.name}", "")[:20],
            )
            for part in PARTS
        ]
        for day in range(DAYS_COUNT)
    ]


def hours_of(week: Iterable[Iterable[Cell]]) -> Hours:
    """Return the hours of the cells that are ticked.

    Raises: InvalidInput for field `hours` if a time is none, or does not lie in its part of the day.
    """
    parts = {part.name: part for part in PARTS}
    hours: Hours = []
    for cell in (cell for day in week for cell in day if cell.is_free):
        part = parts[cell.part]
        begin = _minutes(cell.begins, part.usual_from_minute)
        end = _minutes(cell.ends, part.usual_until_minute)
        end = DAY_MINUTES if end == 0 else end  # midnight ends a day
        if begin is None or end is None or not part.from_minute <= begin < end <= part.until_minute:
            raise InvalidInput({"hours": BAD_TIME})
        hours.append([cell.day, begin, end])
    return hours


def _cell(day: int, part: PartOfDay, stored: tuple[int, int] | None) -> Cell:
    begin, end = stored or (part.usual_from_minute, part.usual_until_minute)
    return Cell(day, part, is_free=stored is not None, begins=_clock(begin), ends=_clock(end))


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def _minutes(text: str, usual: int) -> int | None:
    """Return the minutes since midnight of a time such as 9:30 or 09:30:00; for an empty text, `usual`."""
    if not text:
        return usual
    parts = text.split(":")
    if not 2 <= len(parts) <= 3 or not all(p.isascii() and p.isdigit() and len(p) <= 2 for p in parts):
        return None
    hour, minute = int(parts[0]), int(parts[1])
    return hour * 60 + minute if hour < 24 and minute < 60 else None


def _chosen(values: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values or () if value))
