"""The languages of the pages: catalogs, direction, names, and which one a person gets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal
from babel.support import NullTranslations

from libline_fed.services.translations import catalogue

NAMES = {"en": "English", "es": "Español", "fr": "Français", "ar": "العربية"}
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "ps", "sd", "ug", "yi", "dv", "ckb"})
LOCALES = {"en": "en_GB"}  # day before month, as most readers of English write it
COOKIE = "lang"
MAX_ACCEPT_CHARACTERS = 500
DAYS_SAID_RELATIVELY = 30


def N_(message: str) -> str:  # noqa: N802  the customary name, which extraction looks for
    """Mark a message for the catalogs without translating it yet."""
    return message


@dataclass(frozen=True)
class Language:
    """One language of the pages: its messages and how it writes dates and numbers."""

    tag: str
    name: str
    translations: NullTranslations
    locale: Locale

    @property
    def direction(self) -> str:
        """Return rtl or ltr."""
        return direction_of(self.tag)

    def gettext(self, message: str) -> str:
        """Translate a message; an unknown one stays as it is."""
        return self.translations.gettext(message) if message else ""

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Translate a message that depends on a number."""
        return self.translations.ngettext(singular, plural, count)

    def number(self, value: float) -> str:
        """Write a number."""
        return format_decimal(value, locale=self.locale)

    def joined(self, parts: Iterable[str]) -> str:
        """Write a list on one line."""
        return ("، " if self.direction == "rtl" else ", ").join(parts)

    def day(self, value: date) -> str:
        """Write a day, such as 24 November 2026."""
        return format_date(value, format="long", locale=self.locale)

    def moment(self, value: datetime) -> str:
        """Write a day and time, in UTC."""
        return f"{format_datetime(value, format='medium', locale=self.locale)} UTC"

    def ago(self, value: datetime, now: datetime) -> str:
        """Write how long ago a moment was, or its day when that was long ago."""
        difference = value - now
        if abs(difference.days) > DAYS_SAID_RELATIVELY:
            return self.day(value.date())
        return format_timedelta(difference, add_direction=True, locale=self.locale)

    def language_name(self, tag: str) -> str:
        """Name a language in this one; an unknown tag names itself."""
        try:
            return Locale.parse(tag, sep="-").get_display_name(self.locale) or tag
        except (ValueError, UnknownLocaleError, TypeError):
            return tag


def direction_of(tag: str | None) -> str:
    """Return the direction in which a language is written."""
    return "rtl" if (tag or "").partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


@cache
def languages() -> Mapping[str, Language]:
    """Return all languages of the pages; catalogs are compiled in memory at the first call."""
    return {
        tag: Language(tag, name, catalogue(tag), Locale.parse(LOCALES.get(tag, tag)))
        for tag, name in NAMES.items()
    }


def choose_language(
    *, asked: str | None, member: str | None, cookie: str | None, accept: str, default: str
) -> Language:
    """Choose.

    What was just asked for, the member's setting, the cookie, the browser's wish, the instance's default.
    """
    known = languages()
    for tag in (asked, member, cookie, *_accepted(accept), default):
        primary = (tag or "").replace("_", "-").partition("-")[0].lower()
        if primary in known:
            return known[primary]
    return known["en"]


def _accepted(header: str) -> list[str]:
    """Return the tags of an Accept-Language header, best first (RFC 9110 §12.5.4)."""
    weighted: list[tuple[float, str]] = []
    for part in header[:MAX_ACCEPT_CHARACTERS].split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            weight = 0.0
        if weight > 0:
            weighted.append((-weight, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda pair: pair[0])]
