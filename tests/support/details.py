"""Made-up details of proposals, for property tests: everything that a form of ours can say."""

from hypothesis import strategies as st

from libline_fed import vocabulary
from libline_fed.domain.proposal_details import (
    AREA_LEVELS,
    LANGUAGE_LEVELS,
    MAX_STYLES,
    STAGE_WISHES,
    TYPE_WISHES,
    Details,
)
from libline_fed.sanitize import clean_text
from libline_fed.vocabulary import Scheme


def terms(scheme: Scheme, *, max_size: int = 20) -> st.SearchStrategy[tuple[str, ...]]:
    """Return some terms of a scheme, in any order."""
    ids = st.sampled_from(vocabulary.term_ids(scheme))
    return st.lists(ids, max_size=max_size, unique=True).map(tuple)


def one_of(scheme: Scheme) -> st.SearchStrategy[str | None]:
    """Return a term of a scheme, or that nobody stated one."""
    return st.none() | st.sampled_from(vocabulary.term_ids(scheme))


def details(*, areas: tuple[str, ...] = (), languages: tuple[str, ...] = ()) -> st.SearchStrategy[Details]:
    """Return details whose levels are those of some areas and languages."""
    kinds = (*TYPE_WISHES, *vocabulary.term_ids(Scheme.TYPE))
    return st.builds(
        Details,
        levels=_some(areas, AREA_LEVELS),
        goals=terms(Scheme.GOAL),
        language_levels=_some(languages, LANGUAGE_LEVELS),
        formats=terms(Scheme.FORMAT),
        frequency=one_of(Scheme.FREQUENCY),
        months=st.none() | st.sampled_from([0, 1, 3, 4, 6, 9, 12]),
        stage=one_of(Scheme.STAGE),
        stages_wished=st.lists(st.sampled_from(STAGE_WISHES), unique=True).map(tuple),
        types_own=terms(Scheme.TYPE),
        types_wished=st.lists(st.sampled_from(kinds), unique=True).map(tuple),
        styles=terms(Scheme.STYLE, max_size=MAX_STYLES),
        answer_days=st.none() | st.integers(1, 30),
        not_help_text=st.text(max_size=200).map(lambda text: clean_text(text).strip()),
        named=st.just({}),
    )


def _some(keys: tuple[str, ...], values: tuple[object, ...]) -> st.SearchStrategy[dict[str, object]]:
    if not keys:
        return st.just({})
    return st.dictionaries(st.sampled_from(keys), st.sampled_from(values))
