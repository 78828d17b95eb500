"""`libline member`."""

import re

from tests.cli.conftest import Libline

PASSWORD = "correct horse battery staple"


def add(libline: Libline, handle: str, *more: str) -> None:
    done = libline(
        "member", "add", handle, "--email", f"{handle}@library.example", "--password", PASSWORD, *more
    )
    assert done.status == 0, done.err


def test_added_members_are_listed(libline: Libline) -> None:
    add(libline, "ana")
    add(libline, "chloe", "--role", "moderator")
    listed = libline("member", "list", "--json").json
    assert {member["handle"]: member["role"] for member in listed} == {"ana": "member", "chloe": "moderator"}
    assert all(member["uri"].startswith("http://127.0.0.1:8765/actors/") for member in listed)
    assert "password" not in str(listed)
    table = libline("member", "list").out
    assert "ana@library.example" in table


def test_without_a_password_a_link_to_choose_one_is_printed(libline: Libline) -> None:
    done = libline("member", "add", "@ana", "--email", "ana@library.example")
    assert done.status == 0
    assert re.search(r"http://127\.0\.0\.1:8765/\S+", done.out)


def test_bad_input_names_every_field_and_exits_with_4(libline: Libline) -> None:
    done = libline("member", "add", "admin", "--email", "ana@library.example", "--password", PASSWORD)
    assert done.status == 4
    assert "handle: " in done.err
    done = libline("member", "add", "ana", "--email", "no address", "--password", PASSWORD)
    assert done.status == 4
    assert "email: " in done.err
    done = libline("member", "add", "ana", "--email", "ana@library.example", "--password", "short")
    assert done.status == 4
    assert "password: " in done.err
    assert libline("member", "list", "--json").json == []


def test_a_member_is_shut_out_and_let_in_again(libline: Libline) -> None:
    add(libline, "ana")
    assert libline("member", "disable", "ana").status == 0
    assert [member["state"] for member in libline("member", "list", "--json").json] == ["disabled"]
    assert libline("member", "list", "--state", "active", "--json").json == []
    assert libline("member", "enable", "@ana").status == 0
    assert [member["state"] for member in libline("member", "list", "--json").json] == ["active"]


def test_the_only_admin_cannot_be_shut_out(libline: Libline) -> None:
    add(libline, "ana", "--role", "admin")
    done = libline("member", "disable", "ana")
    assert done.status == 4
    assert "admin" in done.err
    assert libline("member", "role", "ana", "member").status == 4


def test_reset_prints_a_link_and_an_unknown_member_exits_with_3(libline: Libline) -> None:
    add(libline, "ana")
    assert libline("member", "reset", "ana").out.startswith("http://127.0.0.1:8765/")
    done = libline("member", "reset", "nobody")
    assert done.status == 3
    assert "Traceback" not in done.err


def test_a_wrong_choice_is_a_usage_error(libline: Libline) -> None:
    assert libline("member", "list", "--state", "sleepy").status == 2
    assert libline("member").status == 2
