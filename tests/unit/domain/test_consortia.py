"""The table of memberships, and who may do what."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from libline_fed.domain.accounts import Account
from libline_fed.domain.consortia import (
    MAX_LEFT_OUT,
    TABLE,
    MemberState,
    Step,
    after,
    check_texts,
    left_out_of,
    require_step,
    runs_consortium,
    speaks_for_server,
    with_left_out,
)
from libline_fed.errors import Conflict, InvalidInput

STATES: list[MemberState | None] = [None, *MemberState]
NOW = datetime(2026, 11, 24, tzinfo=UTC)
ACCOUNT = Account(
    "1", "2", "a@b.example", NOW, None, "active", "member", None, "", NOW, None, None, [], 1, None, None,
    is_paused=False,
)  # fmt: skip

# What a step makes of each state, in the order of STATES; a dash where it is not possible.
EXPECTED = {
    Step.JOIN: "asked asked member member asked asked asked",
    Step.INVITE: "invited member invited member invited invited invited",
    Step.APPROVE: "- member - member - - -",
    Step.REJECT: "- rejected - - - - rejected",
    Step.ACCEPT: "- - member member - - -",
    Step.DECLINE: "- - rejected - - - rejected",
    Step.LEAVE: "- left - left left - -",
    Step.REMOVE: "- rejected removed removed - removed -",
}


@pytest.mark.parametrize("step", Step)
def test_a_step_makes_of_each_state_what_the_table_says(step: Step) -> None:
    found = [after(state, step) or "-" for state in STATES]
    assert " ".join(found) == EXPECTED[step]
    for state, result in zip(STATES, found, strict=True):
        if result == "-":
            with pytest.raises(Conflict):
                require_step(state, step)
        else:
            assert require_step(state, step) == result


def test_saying_something_twice_is_saying_it_once() -> None:
    for step, state in product(Step, STATES):
        once = after(state, step)
        if once is not None and after(once, step) is not None:
            assert after(once, step) in (once, MemberState.MEMBER)


def test_nobody_becomes_a_member_without_a_yes_of_both() -> None:
    for step, state in product(Step, STATES):
        if after(state, step) == MemberState.MEMBER and state != MemberState.MEMBER:
            assert (state, step) in {
                (MemberState.ASKED, Step.APPROVE),
                (MemberState.ASKED, Step.INVITE),
                (MemberState.INVITED, Step.ACCEPT),
                (MemberState.INVITED, Step.JOIN),
            }
    assert set(TABLE) == set(Step)


@pytest.mark.parametrize(
    ("changes", "speaks", "runs_own", "runs_others"),
    [
        ({"role": "member"}, False, True, False),
        ({"role": "coordinator"}, True, True, False),
        ({"role": "moderator"}, True, True, False),
        ({"role": "admin"}, True, True, True),
        ({"role": "admin", "state": "disabled"}, False, False, False),
    ],
)
def test_who_may_speak_for_the_server_and_run_a_consortium(
    changes: dict[str, Any], speaks: bool, runs_own: bool, runs_others: bool
) -> None:
    account = replace(ACCOUNT, **changes)
    assert speaks_for_server(account) is speaks
    assert runs_consortium(account, is_coordinator=True) is runs_own
    assert runs_consortium(account, is_coordinator=False) is runs_others
    assert speaks_for_server(None)
    assert runs_consortium(None, is_coordinator=False)


def test_texts_have_limits() -> None:
    check_texts("n" * 100, "s" * 2_000, "c" * 20_000)
    with pytest.raises(InvalidInput) as caught:
        check_texts("n" * 101, "s" * 2_001, "c" * 20_001)
    assert set(caught.value.fields) == {"name", "summary_text", "charter_text"}
    with pytest.raises(InvalidInput):
        check_texts("", "", "")


def test_what_an_author_leaves_out_is_kept_beside_the_facts() -> None:
    uris = [f"https://c.example/groups/{number}" for number in range(MAX_LEFT_OUT + 5)]
    stored = with_left_out({"months": 4}, [uris[0], *uris])
    assert left_out_of(stored) == tuple(uris[:MAX_LEFT_OUT])
    assert with_left_out(stored, ()) == {"months": 4}
    assert left_out_of({"groups_left_out": "https://c.example"}) == ()
    assert left_out_of({"groups_left_out": [1, uris[0]]}) == (uris[0],)
