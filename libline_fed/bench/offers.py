"""Made-up offers and seekers, the same for the same seed: for measurements, and for tests of the index."""

import random
import uuid
from collections.abc import Iterator
from datetime import date

from libline_fed import vocabulary
from libline_fed.domain.matching import Offering, Seeker
from libline_fed.domain.offer_columns import Listing, WeeklyHours
from libline_fed.vocabulary import Scheme

AREAS = [area for area in vocabulary.area_ids() if area != vocabulary.UNDECIDED_AREA]
GOALS, MODES, FORMATS, STYLES, STAGES, FREQUENCIES = (
    vocabulary.term_ids(scheme)
    for scheme in (Scheme.GOAL, Scheme.MODE, Scheme.FORMAT, Scheme.STYLE, Scheme.STAGE, Scheme.FREQUENCY)
)
TYPES = vocabulary.term_ids(Scheme.TYPE)
LANGUAGES = ("en", "fr", "es", "ar", "pt-BR", "de", "en-GB", "sw", "zh")
LANGUAGE_WEIGHTS = (40, 15, 14, 8, 6, 5, 5, 4, 3)
LEVELS = ("basic", "working", "fluent", "fluent", None)
COUNTRIES = ("ES", "FR", "KE", "MX", "")
LOCAL_HOST = "lib.example"
_ZONES = ("Europe/Madrid", "America/Mexico_City", "Africa/Nairobi", "UTC")


def uuid_of(rng: random.Random) -> str:
    """Return an id."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def listings(count: int, *, seed: int, hosts_count: int = 200, local_count: int = 500) -> Iterator[Listing]:
    """Make offers, `local_count` of them by members here who state their hours."""
    rng = random.Random(seed)  # noqa: S311
    for number in range(1, count + 1):
        yield listing(rng, number, hosts_count=hosts_count, is_local=number <= local_count)


def listing(rng: random.Random, number: int, *, hosts_count: int, is_local: bool) -> Listing:
    """Make one offer: most state most things, some nearly nothing."""
    host = LOCAL_HOST if is_local else f"h{min(int(rng.paretovariate(0.6)), hosts_count)}.example"
    proposal_id = uuid_of(rng)
    author_id = uuid_of(rng)
    tags = tuple(dict.fromkeys(rng.choices(LANGUAGES, LANGUAGE_WEIGHTS, k=rng.choice((1, 1, 2)))))
    areas = {area: rng.choice((1, 2, 2, 3, None)) for area in rng.sample(AREAS, rng.randint(1, 6))}
    offering = Offering(
        uri=f"https://{host}/proposals/{proposal_id}",
        author_uri=f"https://{host}/actors/{author_id}",
        host=host,
        areas=areas,
        goals=_some(rng, GOALS, 4),
        languages={tag: rng.choice(LEVELS) for tag in tags},
        modes=_some(rng, MODES, 3),
        formats=_some(rng, FORMATS, 2),
        frequency=rng.choice((None, *FREQUENCIES)),
        types=_some(rng, TYPES, 2),
        stage=rng.choice((None, *STAGES)),
        styles=_some(rng, STYLES, 5),
        institution=f"house {rng.randint(1, 50)}" if is_local else None,
        accepts_own_institution=rng.random() < 0.3,
        places_free=rng.choice((0, 1, 1, 2, 3, 8, None)),
        pending_count=rng.choice((0, 0, 0, 1, 2, 5)),
    )
    shown = offering
    if rng.random() < 0.5:
        shown = Offering(
            **{name: getattr(offering, name) for name in Offering.__dataclass_fields__}
            | {"types": frozenset(), "stage": None, "styles": frozenset()}
        )
    return Listing(
        id=proposal_id,
        number=number,
        offering=offering,
        shown=shown,
        author_id=author_id,
        audience=rng.choice(("public",) * 8 + ("network", "instance")),
        is_local=is_local,
        last_day=rng.choice((None, None, None, date(2026, 11, 1).toordinal(), date(2027, 3, 1).toordinal())),
        hours=weekly_hours(rng) if is_local else None,
        listed_modes=tuple(offering.modes),
        found_areas=tuple(areas),
        tags=tags,
        country=rng.choice(COUNTRIES),
        country_shown="",
        sources=(f"https://h{rng.randint(1, 3)}.example/groups/g",) if rng.random() < 0.3 else (),
    )


def seeker(rng: random.Random, *, number: int = 1) -> Seeker:
    """Make somebody who looks for a mentor: most want two or three areas, some have none yet."""
    tags = tuple(dict.fromkeys(rng.choices(LANGUAGES, LANGUAGE_WEIGHTS, k=rng.choice((1, 2)))))
    wanted_count = rng.choice((1, 2, 3, 3, 4, 5))
    return Seeker(
        uri=f"https://{LOCAL_HOST}/actors/{number}",
        areas=tuple(rng.sample(AREAS, wanted_count)),
        goals=_some(rng, GOALS, 3),
        languages={tag: rng.choice(LEVELS) for tag in tags},
        modes=_some(rng, MODES, 3),
        formats=_some(rng, FORMATS, 2),
        frequency=rng.choice((None, *FREQUENCIES)),
        types=_some(rng, TYPES, 2),
        types_wished=frozenset(rng.sample(("same", "different", *TYPES[:4]), rng.choice((0, 1, 2)))),
        stage=rng.choice((None, *STAGES)),
        stages_wished=frozenset(rng.sample(("peer", "+1", "+2"), rng.choice((0, 1, 2)))),
        styles=_some(rng, STYLES, 5),
        institution=rng.choice((None, "house 1", "house 2")),
        accepts_own_institution=rng.random() < 0.5,
    )


def weekly_hours(rng: random.Random) -> WeeklyHours:
    """Make the hours of somebody's week."""
    days = sorted(rng.sample(range(5), rng.randint(1, 4)))
    ranges = tuple((day, 60 * start, 60 * (start + 2)) for day in days for start in (rng.randint(8, 18),))
    return rng.choice(_ZONES), ranges


def _some(rng: random.Random, terms: tuple[str, ...], most: int) -> frozenset[str]:
    return frozenset(rng.sample(terms, rng.randint(0, most)))
