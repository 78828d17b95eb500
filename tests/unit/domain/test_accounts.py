"""The rules of accounts: addresses, passwords, roles."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libline_fed.domain.accounts import (
    Account,
    AccountState,
    Role,
    check_password,
    check_reason,
    normalise_email,
    require_authority,
)
from libline_fed.errors import Forbidden, InvalidInput

ACCOUNT = Account(
    "id", "actor", "ana@mail.example", None, None, AccountState.ACTIVE, Role.MEMBER, None, "",
    datetime(2026, 11, 24, tzinfo=UTC), None, None, [], 1, None, None, False,
)  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "stored"),
    [(" Ana@Mail.Example ", "ana@mail.example"), ("ana+x@mail.example", "ana+x@mail.example"),
     ("a.b-c_d@mail.example", "a.b-c_d@mail.example"), ("ana@Bücher.example", "ana@xn--bcher-kva.example"),
     ("ana@lib.test", "ana@lib.test")],
)  # fmt: skip
def test_an_address_has_one_stored_form(typed: str, stored: str) -> None:
    assert normalise_email(typed) == stored
    assert normalise_email(stored) == stored


@given(
    st.text(alphabet=st.characters(), max_size=60) | st.from_regex(r"[^@\n]{1,20}@[^@\n]{1,20}\.[a-z]{2,5}")
)
def test_whatever_is_typed_becomes_one_ascii_mailbox_or_is_refused(typed: str) -> None:
    try:
        stored = normalise_email(typed)
    except InvalidInput:
        return
    assert stored.isascii()
    assert stored.isprintable()
    assert stored == stored.lower()
    assert stored.count("@") == 1
    assert not set(stored) & set(' ,;:<>()[]"%\\')


@pytest.mark.parametrize(
    "password", ["correct horse 42", "pässwörter", "ab" + "cde" * 66, "😀😃😄😁😆😅🤣😂🙂🙃"]
)
def test_a_good_password_passes(password: str) -> None:
    check_password(password, handle="ana", email="ana@mail.example")


@pytest.mark.parametrize(
    "password",
    ["", "123456789", "x" * 201, "aaaaaaaaaaaaaaa", "abababababab", "librarian_ana", "Librarian_Ana ",
     "@librarian_ana",
     "librarian_ana@mail.example", "LIBRARIAN_ANA@MAIL.EXAMPLE", "good enough\0"],
)  # fmt: skip
def test_a_bad_password_is_refused_with_a_reason(password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_password(password, handle="librarian_ana", email="librarian_ana@mail.example", field_name="new")
    assert set(refused.value.fields) == {"new"}


def test_a_reason_is_asked_for_only_where_somebody_reads_it() -> None:
    assert check_reason("  I run a library. ", is_needed=True) == "I run a library."
    assert check_reason(" ", is_needed=False) == ""
    for reason, is_needed in ((" ", True), ("x" * 1_001, False)):
        with pytest.raises(InvalidInput):
            check_reason(reason, is_needed=is_needed)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_includes_the_lower_ones(role: Role) -> None:
    held = [other for other in Role if replace(ACCOUNT, role=role).has_role(other)]
    assert held == list(Role)[: list(Role).index(role) + 1]


def test_authority_needs_an_active_account_and_no_lower_rank() -> None:
    moderator, admin = replace(ACCOUNT, role=Role.MODERATOR), replace(ACCOUNT, role=Role.ADMIN)
    require_authority(None, admin, role=Role.ADMIN)
    require_authority(moderator, ACCOUNT)
    require_authority(admin, admin)
    for by, over in (
        (ACCOUNT, ACCOUNT), (moderator, admin), (replace(admin, state=AccountState.DISABLED), ACCOUNT),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            require_authority(by, over)
