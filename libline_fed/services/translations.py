"""The catalogues of texts, for pages, and for what services say to people in their own language."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALE_DIR = Path(__file__).parent.parent / "locale"
SOURCE_TAG = "en"

Translate = Callable[[str], str]


def N_(message: str) -> str:  # noqa: N802  the customary name, which extraction looks for
    """Mark a message for the catalogues without translating it yet."""
    return message


@cache
def catalogue(tag: str) -> NullTranslations:
    """Return the texts of a language that there is a catalogue for; it is compiled in memory once."""
    if tag == SOURCE_TAG:  # the source language needs no catalogue
        return NullTranslations()
    with (LOCALE_DIR / tag / "LC_MESSAGES" / "messages.po").open("rb") as file:
        texts = read_po(file, locale=tag)
    compiled = io.BytesIO()
    write_mo(compiled, texts)
    compiled.seek(0)
    return Translations(compiled)


@cache
def tags() -> frozenset[str]:
    """Return the languages that there are texts in."""
    return frozenset({SOURCE_TAG, *(path.parent.parent.name for path in LOCALE_DIR.glob("*/*/messages.po"))})


def translator(*wanted: str | None) -> Translate:
    """Return what translates into the first of some languages that is here, else leaves the English."""
    for tag in wanted:
        primary = (tag or "").replace("_", "-").partition("-")[0].lower()
        if primary in tags():
            return _gettext(primary)
    return _gettext(SOURCE_TAG)


def _gettext(tag: str) -> Translate:
    def translate(text: str) -> str:
        return catalogue(tag).gettext(text) if text else ""

    return translate
