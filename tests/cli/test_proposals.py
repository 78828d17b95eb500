"""`libline proposal`."""

from tests.cli.conftest import Libline

OFFER = (
    "--title",
    "Cataloguing maps",
    "--text",
    "An hour a month.",
    "--area",
    "A0301",
    "--language",
    "en",
    "--mode",
    "M1",
)


def add_member(libline: Libline) -> None:
    done = libline(
        "member", "add", "ana", "--email", "ana@library.example", "--password", "correct horse battery staple"
    )
    assert done.status == 0, done.err


def test_a_proposal_is_added_edited_and_closed(libline: Libline) -> None:
    add_member(libline)
    added = libline(
        "proposal", "add", "ana", *OFFER, "--area", "A0302", "--places", "3", "--open-until", "2027-03-01"
    )
    assert added.status == 0, added.err
    (listed,) = libline("proposal", "list", "--json").json
    assert listed["uri"] == added.out.strip()
    assert listed["handle"] == "ana"
    assert listed["areas"] == ["A0301", "A0302"]
    assert (listed["places_count"], listed["open_until_on"], listed["status"]) == (3, "2027-03-01", "open")

    assert libline("proposal", "edit", listed["id"], "--title", "Old maps").status == 0
    (edited,) = libline("proposal", "list", "--json").json
    assert edited["title"] == "Old maps"
    assert edited["areas"] == listed["areas"], "what is not named stays"
    assert edited["revision"] > listed["revision"]

    assert libline("proposal", "close", listed["uri"]).status == 0
    (closed,) = libline("proposal", "list", "--handle", "ana", "--json").json
    assert closed["status"] == "closed"
    assert "Old maps" in libline("proposal", "list").out


def test_a_request_for_members_here_only(libline: Libline) -> None:
    add_member(libline)
    done = libline("proposal", "add", "ana", *OFFER, "--purpose", "request", "--audience", "instance")
    assert done.status == 0, done.err
    (listed,) = libline("proposal", "list", "--json").json
    assert (listed["purpose"], listed["audience"]) == ("request", "instance")
    assert libline("queue", "list", "--json").json == []


def test_every_wrong_field_is_named(libline: Libline) -> None:
    add_member(libline)
    done = libline("proposal", "add", "ana", "--title", " ", "--text", "", "--area", "A9999", "--mode", "M9")
    assert done.status == 4
    for field in ("title", "body_text", "areas", "languages", "modes"):
        assert f"{field}: " in done.err
    assert libline("proposal", "list", "--json").json == []


def test_unknown_authors_and_proposals_exit_with_3(libline: Libline) -> None:
    assert libline("proposal", "add", "nobody", *OFFER).status == 3
    assert libline("proposal", "close", "019a0f6e-7c1e-7d3a-9a53-0c2f4b7f1a10").status == 3


def test_an_edit_that_changes_nothing_is_refused(libline: Libline) -> None:
    assert libline("proposal", "edit", "019a0f6e-7c1e-7d3a-9a53-0c2f4b7f1a10").status == 4
