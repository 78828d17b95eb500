"""Which handles may be chosen."""

import pytest

from libline_fed.domain.handles import check_handle, is_confusable
from libline_fed.errors import InvalidInput


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("ana", "ana"), (" @Ana ", "ana"), ("a", "a"), ("x" * 30, "x" * 30), ("ana_maria7", "ana_maria7"),
     ("42", "42"),
     ("_ana_", "_ana_"), ("marta", "marta"), ("bibliothekarin", "bibliothekarin")],
)  # fmt: skip
def test_a_plain_handle_is_stored_in_lower_case(typed: str, stored: str) -> None:
    assert check_handle(typed) == stored


@pytest.mark.parametrize(
    "typed",
    ["", "@", "  ", "x" * 31, "ana maria", "ana-maria", "ana.maria", "añа", "аna", "ana@x.example", "___",
     "ana\n maria",
     "ana/inbox", "ana?x", "@@ana", "ana%00", "ana\0", "ａｎａ", "İana"],
)  # fmt: skip
def test_anything_else_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_handle(typed)
    assert set(refused.value.fields) == {"handle"}


@pytest.mark.parametrize(
    "typed",
    ["admin", "Admin", "adm1n", "admln", "ad_min", "_admin_", "4dmin", "r00t", "supp0rt", "moderat0r",
     "postmaster",
     "inbox",
     "login", "l0g1n", "rnoderator", "__help__", "webmaster", "libline", "l1bl1ne", "staff", "5taff"],
)  # fmt: skip
def test_names_of_offices_and_pages_stay_free_however_they_are_spelled(typed: str) -> None:
    with pytest.raises(InvalidInput):
        check_handle(typed)


def test_a_handle_is_confusable_with_its_look_alikes_but_not_with_itself() -> None:
    assert is_confusable("lil1an", {"lilian"})
    assert is_confusable("li_lian", {"lilian"})
    assert not is_confusable("lilian", {"lilian"})
    assert not is_confusable("liliana", {"lilian"})
