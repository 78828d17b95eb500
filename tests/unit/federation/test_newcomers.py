"""How many new servers below one domain may cause requests."""

from datetime import datetime, timedelta

import pytest

from libline_fed.federation.newcomers import MAX_DOMAINS, MAX_NEW_HOSTS, Newcomers, registered_domain


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("library.example", "library.example"),
        ("a.b.shelf.example", "shelf.example"),
        ("a.shelf.example:8443", "shelf.example"),
        ("social.leeds.ac.uk", "leeds.ac.uk"),
        ("leeds.ac.uk", "leeds.ac.uk"),
        ("a.biblioteca.edu.co", "biblioteca.edu.co"),
        ("a.shelf.uk", "shelf.uk"),
        ("bit.ly", "bit.ly"),
        ("localhost", "localhost"),
        ("127.0.0.1:8000", "127.0.0.1"),
        ("[2001:db8::1]:8443", "[2001:db8::1]"),
    ],
)
def test_a_host_belongs_to_the_domain_that_somebody_registered(host: str, domain: str) -> None:
    assert registered_domain(host) == domain


def test_ten_new_hosts_of_a_domain_may_ask_in_an_hour(now: datetime) -> None:
    newcomers = Newcomers()
    for number in range(MAX_NEW_HOSTS):
        assert newcomers.hit(f"h{number}.evil.example", now) is None
    assert newcomers.hit("h0.evil.example", now) is None
    assert newcomers.hit("other.evil.example", now + timedelta(minutes=10)) == 3_000
    assert newcomers.hit("other.good.example", now) is None
    assert newcomers.hit("other.evil.example", now + timedelta(hours=1)) is None


def test_the_number_of_domains_held_is_bounded(now: datetime) -> None:
    newcomers = Newcomers()
    for number in range(MAX_DOMAINS + 5):
        newcomers.hit(f"d{number}.example", now)
    assert len(newcomers._seen) <= MAX_DOMAINS
