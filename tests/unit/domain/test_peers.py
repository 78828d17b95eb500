"""Which host is treated how, in every spelling."""

import pytest

from libline_fed.config import Federation
from libline_fed.domain.peers import Policies, Verdict, normal_host


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Example.ORG", "example.org"),
        ("example.org.", "example.org"),
        ("example.org:443", "example.org"),
        ("example.org:80", "example.org"),
        ("example.org:08443", "example.org:8443"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example.", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("example。org", "example.org"),
        ("ｅｘａｍｐｌｅ.org", "example.org"),
        ("127.0.0.1:5000", "127.0.0.1:5000"),
        ("[::1]:5000", "[::1]:5000"),
        ("[::1]", "[::1]"),
        ("", None),
        (".", None),
        ("a..b", None),
        ("user@example.org", None),
        ("example.org/path", None),
        ("example.org:port", None),
        ("exa mple.org", None),
        ("a." * 200 + "org", None),
        ("\u202eexample.org", None),
    ],
)
def test_every_host_has_one_spelling(text: str, expected: str | None) -> None:
    assert normal_host(text) == expected


@pytest.mark.parametrize(
    "host",
    [
        "bad.example", "BAD.example", "bad.example.", "bad.example:8443", "a.bad.example",
        "a.b.bad.example:99", "xn--bcher-kva.test", "www.bücher.test", "bad。example",
    ],
)
def test_a_block_covers_every_spelling_sub_domain_and_port(host: str) -> None:
    policies = Policies(Federation.OPEN, {"Bad.Example": "blocked", "bücher.test": "blocked"})
    assert policies.verdict(host) is Verdict.BLOCKED


@pytest.mark.parametrize("host", ["notbad.example", "example", "bad.example.org"])
def test_a_block_covers_nothing_else(host: str) -> None:
    assert Policies(Federation.OPEN, {"bad.example": "blocked"}).verdict(host) is Verdict.ALLOWED


def test_a_block_of_one_port_covers_that_port_only() -> None:
    policies = Policies(Federation.OPEN, {"127.0.0.1:5000": "blocked"})
    assert policies.verdict("127.0.0.1:5000") is Verdict.BLOCKED
    assert policies.verdict("127.0.0.1:5001") is Verdict.ALLOWED


def test_numbers_have_no_sub_domains() -> None:
    assert Policies(Federation.OPEN, {"0.1": "blocked"}).verdict("127.0.0.1") is Verdict.ALLOWED


def test_an_allowed_host_below_a_blocked_domain_stays_allowed() -> None:
    policies = Policies(Federation.OPEN, {"example.org": "blocked", "good.example.org": "allowed"})
    assert policies.verdict("good.example.org") is Verdict.ALLOWED
    assert policies.verdict("other.example.org") is Verdict.BLOCKED


def test_silence_covers_sub_domains_and_a_block_outweighs_it() -> None:
    policies = Policies(Federation.OPEN, {"loud.example": "silenced", "a.loud.example": "blocked"})
    assert policies.verdict("b.loud.example") is Verdict.SILENCED
    assert policies.verdict("x.a.loud.example") is Verdict.BLOCKED
    assert policies.verdict("loud.example").is_open


def test_with_an_allow_list_only_the_very_hosts_on_it_are_allowed() -> None:
    policies = Policies(Federation.ALLOWLIST, {"good.example": "allowed", "so.example": "silenced"})
    assert policies.verdict("good.example") is Verdict.ALLOWED
    assert policies.verdict("sub.good.example") is Verdict.NOT_ALLOWED
    assert policies.verdict("so.example") is Verdict.NOT_ALLOWED
    assert policies.verdict("new.example") is Verdict.NOT_ALLOWED


def test_without_federation_nobody_is_allowed() -> None:
    policies = Policies(Federation.OFF, {"good.example": "allowed"})
    assert policies.verdict("good.example") is Verdict.NOT_ALLOWED


@pytest.mark.parametrize("host", ["", "a b", "http://x.example", "x.example/y"])
def test_a_host_that_cannot_be_read_is_not_allowed(host: str) -> None:
    assert Policies(Federation.OPEN, {}).verdict(host) is Verdict.NOT_ALLOWED


def test_a_default_entry_changes_nothing() -> None:
    policies = Policies(Federation.OPEN, {"x.example": "default"})
    assert policies.verdict("x.example") is Verdict.ALLOWED
