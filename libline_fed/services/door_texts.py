"""What people without LibLine read in private messages: plain words in the four languages of the interface.

The words are data, `door_texts.json`. Names and titles are put in as plain text; nothing here is HTML but
what `to_html` returns.
"""

import json
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from babel.dates import format_date

from libline_fed import vocabulary
from libline_fed.domain.doors import QuestionKind
from libline_fed.vocabulary import Scheme

LOCALES = {"en": "en_GB"}  # day before month, as on the pages
_VALUE = re.compile(r"%\((\w+)\)s")
_ISOLATED = frozenset({"ar"})  # Latin names inside would turn the marks around them
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def say(key: str, language: str, **values: str) -> str:
    """Return a text with its values put in, as plain text."""
    before, after = (_FIRST_STRONG_ISOLATE, _POP_ISOLATE) if language in _ISOLATED else ("", "")
    return _VALUE.sub(lambda match: f"{before}{values[match[1]]}{after}", _texts()[key][language])


def has(key: str) -> bool:
    """Tell whether there is a text for something."""
    return key in _texts()


def options(kind: QuestionKind, language: str) -> tuple[str, str]:
    """Return the two options of a poll: yes first."""
    return say(f"{kind}-yes", language), say(f"{kind}-no", language)


def to_html(*paragraphs: str) -> str:
    """Return plain paragraphs as HTML."""
    return "".join(f"<p>{escape(one, quote=False)}</p>" for one in paragraphs if one)


def day(value: date, language: str) -> str:
    """Return a day as people write it."""
    return format_date(value, format="long", locale=LOCALES.get(language, language))


def terms_line(terms: Mapping[str, Any], language: str) -> str:
    """Return the terms on one line: the goal, how long, how often, how to meet."""
    months = terms.get("months")
    length_id = vocabulary.length_of_months(months) if isinstance(months, int) else None
    goal, frequency, mode = (str(terms.get(key) or "") for key in ("goal", "frequency", "mode"))
    said = (
        goal.strip().rstrip("."),
        _label(Scheme.LENGTH, length_id, language),
        _label(Scheme.FREQUENCY, frequency, language),
        _label(Scheme.MODE, mode, language),
        str(terms.get("end_rule") or "").strip().rstrip("."),
    )
    return " · ".join(one for one in said if one)


def _label(scheme: Scheme, term_id: str | None, language: str) -> str:
    return vocabulary.label(scheme, term_id, language) if term_id else ""


@cache
def _texts() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(
        files("libline_fed.services").joinpath("door_texts.json").read_text(encoding="utf-8")
    )
    return found
