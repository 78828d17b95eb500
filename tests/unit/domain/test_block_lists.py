"""Lists of servers to be careful with: what is read, what is left out and why, and what is written."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libline_fed.domain import block_lists as lists
from libline_fed.domain.block_lists import Entry, read_csv, read_json, refusal_of, write_csv, write_json
from libline_fed.errors import InvalidInput

OWN = "lib.example"
HEADER = ",".join(lists.HEADER)


def entries(raw: bytes | str) -> list[tuple[str, str]]:
    found = read_csv(raw if isinstance(raw, bytes) else raw.encode(), OWN)
    return [(entry.host, entry.policy) for entry in found.entries]


def test_the_header_is_the_one_that_mastodon_writes() -> None:
    assert HEADER == "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{HEADER}\nbad.example,suspend,true,true,Spam,false\n", [("bad.example", "blocked")]),
        (f"{HEADER}\r\nBad.Example.,SILENCE,,,,\r\n", [("bad.example", "silenced")]),
        (f"{HEADER}\nbad.example,limit,,,,\n", [("bad.example", "silenced")]),
        (f"{HEADER}\nbad.example,noop,true,true,,\n", []),
        (f"{HEADER}\nbad.example,,,,,\n", [("bad.example", "blocked")]),
        (f"{HEADER}\nbad.example,explode,,,,\n", []),
        ("domain,severity\nbad.example,suspend\n", [("bad.example", "blocked")]),
        ("severity,domain\nsuspend,bad.example\n", [("bad.example", "blocked")]),
        ("#domain\nbad.example\nworse.example\n", [("bad.example", "blocked"), ("worse.example", "blocked")]),
        ("bad.example\n\n  \nworse.example", [("bad.example", "blocked"), ("worse.example", "blocked")]),
        (f"{HEADER}\nbad.example\n", [("bad.example", "blocked")]),
        (f"{HEADER}\nbücher.test,suspend,,,,\n", [("xn--bcher-kva.test", "blocked")]),
        (f'{HEADER}\nbad.example,suspend,,,"two\nlines, and a comma",\n', [("bad.example", "blocked")]),
        (f"{HEADER}\na.example,silence,,,,\na.example,suspend,,,,\n", [("a.example", "blocked")]),
        (f"{HEADER}\na.example,suspend,,,,\na.example,silence,,,,\n", [("a.example", "blocked")]),
        (f"{HEADER}\nbad.example,suspend,true,true,x,false,and,more,cells\n", [("bad.example", "blocked")]),
        (f"{HEADER}\n", []),
        ("", []),
    ],
)
def test_a_list_is_read(text: str, found: list[tuple[str, str]]) -> None:
    assert entries(text) == found


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + f"{HEADER}\nbad.example,suspend,,,,\n".encode(),
        f"{HEADER}\nbad.example,suspend,,,,\n".encode("utf-16"),
    ],
)
def test_byte_order_marks_are_no_part_of_the_list(raw: bytes) -> None:
    assert entries(raw) == [("bad.example", "blocked")]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("b**.ex*****,suspend", lists.HIDDEN),
        ("*.bad.example,suspend", lists.HIDDEN),
        ("=cmd|' /C calc'!A0,suspend", lists.NOT_A_HOST),
        ("@SUM(1),suspend", lists.NOT_A_HOST),
        ("https://bad.example/,suspend", lists.NOT_A_HOST),
        ("a b,suspend", lists.NOT_A_HOST),
        (",suspend", lists.NOT_A_HOST),
        ("\u202eelpmaxe.dab,suspend", lists.NOT_A_HOST),
        ("bad.example,noop", lists.NOTHING_TO_DO),
        ("bad.example,=1+1", lists.UNKNOWN_SEVERITY),
        ("lib.example,suspend", lists.OWN),
        ("LIB.example.,suspend", lists.OWN),
        ("com,suspend", lists.WHOLE_DOMAIN),
        ("org,suspend", lists.WHOLE_DOMAIN),
        ("example,suspend", lists.OWN),
        ("co.uk,suspend", lists.WHOLE_DOMAIN),
        ("github.io,silence", lists.WHOLE_DOMAIN),
        ("com:8443,suspend", lists.WHOLE_DOMAIN),
    ],
)
def test_a_row_that_is_not_used_says_why(row: str, why: str) -> None:
    found = read_csv(f"#domain,#severity\n{row}\nbad2.example,suspend\n".encode(), OWN)
    assert [entry.host for entry in found.entries] == ["bad2.example"]
    assert [skipped.why for skipped in found.skipped] == [why]


@pytest.mark.parametrize(
    "raw",
    [
        b"x" * (lists.MAX_BYTES + 1),
        b"a.example\n" * (lists.MAX_ROWS + 1),
        b"#domain\n" + b"x" * 6_000,
        "#domain\nbücher.test\n".encode("latin-1"),
        b"\xff\xfe#",
        b"#domain\nbad.example\0\n",
        b'#domain,#severity\n"bad.example,suspend\n',
        b"name,colour\nbad.example,red\n",
        b"<!doctype html><title>a,b</title>",
        b"PK\x03\x04\x14\x00\x08\x08",
        b"PK\x03\x04",
        b"<!doctype html>\n<title>Hello</title>\n",
    ],
)
def test_what_is_no_list_is_refused_as_a_whole(raw: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_csv(raw, OWN)
    assert set(refused.value.fields) == {"file"}


@pytest.mark.parametrize(
    ("host", "own", "is_refused"),
    [
        ("b.example", "a.b.example", True),  # it would cover us
        ("b.example", "a.b.example:8001", True),
        ("x.a.b.example", "a.b.example", False),
        ("127.0.0.1", "127.0.0.1:8001", True),
        ("127.0.0.2:8001", "127.0.0.1:8001", False),
        ("[2001:4860::1]", OWN, False),
        ("bad.co.uk", OWN, False),
        ("bad.github.io", OWN, False),
    ],
)
def test_a_list_never_reaches_this_server_or_a_whole_domain(host: str, own: str, is_refused: bool) -> None:
    assert bool(refusal_of(host, own)) is is_refused


def test_what_is_written_is_read_the_same_and_no_formula_runs_in_a_spreadsheet() -> None:
    given_ = [
        Entry("a.example", "blocked", "=HYPERLINK(1)"),
        Entry("b.example", "silenced", "+1 for this, \"really\"\nyes"),
        Entry("xn--bcher-kva.test", "blocked", "@home"),
        Entry("z.example", "blocked", "'quoted"),
    ]
    text = write_csv(given_)
    assert "'=HYPERLINK(1)" in text
    assert text.splitlines()[0] == HEADER
    found = read_csv(text.encode(), OWN).entries
    assert [(one.host, one.policy) for one in found] == [(one.host, one.policy) for one in given_]
    assert [one.reason for one in found] == ["=HYPERLINK(1)", '+1 for this, "really" yes', "@home", "'quoted"]


def test_the_json_of_a_consortium_is_read_as_it_was_written() -> None:
    given_ = (
        Entry("a.example", "blocked", "Spam", date(2026, 11, 1)),
        Entry("b.example", "silenced", "", None),
    )
    assert read_json(write_json(given_), OWN).entries == given_


@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b"null", b'"bad.example"', b"[" * 2_000, b"[" + b"1," * 20_001 + b"1]", b"\xff", b"[NaN]"],
)
def test_json_that_is_no_list_is_refused_as_a_whole(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_json(raw, OWN)


def test_things_of_wrong_types_in_json_are_left_out() -> None:
    raw = (
        b'[1, null, "x.example", {}, {"domain": 5}, {"domain": ["a.example"]}, {"domain": "com"},'
        b'{"domain": "a.example", "severity": {"x": 1}}, {"domain": "b.example", "severity": 7},'
        b'{"domain": "c.example", "reason": 5, "since": "not a day"},'
        b'{"domain": "d.example", "severity": "silence", "reason": "x\\u0000\\u202ey",'
        b'"since": "2026-02-30"}]'
    )
    found = read_json(raw, OWN)
    assert [(one.host, one.policy, one.reason, one.since_on) for one in found.entries] == [
        ("c.example", "blocked", "", None),
        ("d.example", "silenced", "xy", None),
    ]
    assert len(found.skipped) == 9


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for read in (read_csv, read_json):
        try:
            found = read(raw, OWN)
        except InvalidInput:
            continue
        assert all(not refusal_of(entry.host, OWN) for entry in found.entries)
