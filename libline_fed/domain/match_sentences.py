"""The reasons of a score in words, in the four languages, for pages, mails and direct messages alike.

The words are data: `vocabulary/match_sentences.json`. A text that depends on a number is given by plural
category (CLDR; Arabic has six), or for one exact number as `=2`.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError
from babel.numbers import format_decimal

from libline_fed import vocabulary
from libline_fed.domain.match_reasons import Reason, ReasonKind
from libline_fed.domain.matching import Gate

LANGUAGES = ("en", "es", "fr", "ar")
AREA_KINDS = (ReasonKind.ANY_AREA, ReasonKind.COVERS, ReasonKind.PARTLY, ReasonKind.MISSES)
MINUTES_PER_HOUR = 60
MINUTES_PER_STEP = 30  # shared time is said in half hours


def match_sentence(fit: int | None, reasons: Sequence[Reason], language: str) -> str:
    """Return the reason line: "71 — covers Early years and families (deep); … 1 waiting for 2 places."

    Without the number for somebody who does not want to see it: `fit` None. A language that has no sentences
    gets English.
    """
    words = _Words(language)
    areas = words.mark("clause").join(words.say(reason) for reason in reasons if reason.kind in AREA_KINDS)
    if fit is None:
        whole = words.text("whole", "plain", areas=areas[:1].upper() + areas[1:])
    else:
        whole = words.text("whole", "scored", fit=words.number(fit), areas=areas)
    return " ".join([whole, *(words.say(reason) for reason in reasons if reason.kind not in AREA_KINDS)])


def gate_sentence(gate: Gate, language: str) -> str:
    """Return why a pair cannot be matched, in words for the seeker."""
    return _Words(language).text("gates", gate.value)


class _Words:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        primary = language.partition("-")[0].lower()
        self.tag = primary if primary in LANGUAGES else LANGUAGES[0]
        self._locale = Locale(self.tag)

    def number(self, value: int | Decimal) -> str:
        return format_decimal(value, locale=self._locale)

    def mark(self, name: str) -> str:
        return str(_data()["marks"][name][self.tag])

    def text(self, section: str, name: str, count: int | Decimal | None = None, **values: str) -> str:
        return self._fill(_data()[section][name], count, values)

    def counted(self, section: str, count: int) -> str:
        return self._fill(_data()[section], count, {"n": self.number(count)})

    def say(self, reason: Reason) -> str:
        counts = reason.counts
        match reason.kind:
            case ReasonKind.COVERS | ReasonKind.PARTLY | ReasonKind.MISSES:
                return self._area(reason)
            case ReasonKind.GOALS | ReasonKind.STYLES:
                return self._share(reason.kind.value, counts[0], counts[1])
            case ReasonKind.STAGE_MET | ReasonKind.STAGE_UNMET:
                return self.text("reasons", reason.kind.value, stage=self._stage(counts[0]))
            case ReasonKind.HOURS:
                return self._hours(counts[0])
            case ReasonKind.LANGUAGES:
                level, *tags = reason.ids
                names = self.mark("list").join(self._language(tag) for tag in tags)
                return self.text("reasons", f"languages-{level}", len(tags), languages=names)
            case ReasonKind.QUEUE | ReasonKind.FULL:
                return self._queue(reason.kind, counts[0], counts[1])
            case ReasonKind.UNSTATED:
                names = self.mark("list").join(self.text("components", name) for name in reason.ids)
                return self.text("reasons", "unstated", components=names)
            case _:
                return self.text("reasons", reason.kind.value)

    def _area(self, reason: Reason) -> str:
        names = [vocabulary.area_label(area, self.tag) for area in reason.ids]
        if reason.kind is ReasonKind.PARTLY:
            return self.text("reasons", "partly", area=names[0], via=names[1])
        if reason.kind is ReasonKind.COVERS and reason.counts[0] == 0:
            return self.text("reasons", "covers-unstated", area=names[0])
        level = self.text("levels", str(reason.counts[0])) if reason.counts else ""
        return self.text("reasons", reason.kind.value, area=names[0], level=level)

    def _share(self, name: str, met: int, wanted: int) -> str:
        suffix = "-none" if met == 0 else "-all" if met == wanted else ""
        return self.text("reasons", name + suffix, wanted, n=self.number(met), m=self.number(wanted))

    def _stage(self, distance: int) -> str:
        if distance == 0:
            return self.text("stages", "same")
        name, count = ("ahead" if distance > 0 else "behind"), abs(distance)
        return self.text("stages", name, count, n=self.number(count))

    def _hours(self, minutes: int) -> str:
        if minutes == 0:
            return self.text("reasons", "no-hours")
        if minutes < MINUTES_PER_HOUR:
            return self.text("reasons", "minutes", minutes, n=self.number(minutes))
        hours = Decimal(minutes // MINUTES_PER_STEP * MINUTES_PER_STEP) / MINUTES_PER_HOUR
        return self.text("reasons", "hours", hours.normalize(), n=self.number(hours))

    def _queue(self, kind: ReasonKind, pending: int, free: int) -> str:
        people, places = self.counted("people", pending), self.counted("places", free)
        if kind is ReasonKind.QUEUE and pending == 0:
            return self.text("reasons", "queue-empty", free, n=self.number(free))
        if free == 0:
            return self.text("reasons", "full-places", people=people)
        return self.text("reasons", kind.value, people=people, places=places)

    def _language(self, tag: str) -> str:
        try:
            return Locale.parse(tag).get_display_name(self._locale) or tag
        except (ValueError, UnknownLocaleError):
            return tag

    def _fill(
        self, texts: Mapping[str, Any], count: int | Decimal | None, values: Mapping[str, str]
    ) -> str:
        text = texts[self.tag]
        if isinstance(text, dict):
            number = count if count is not None else 0
            form = self._locale.plural_form(number)
            text = text.get(f"={number}") or text.get(form) or text["other"]
        return str(text).format_map(values)


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(
        files("libline_fed.vocabulary").joinpath("match_sentences.json").read_text(encoding="utf-8")
    )
    return data
