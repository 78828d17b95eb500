"""What mails say, in every text there is."""

import inspect
from collections.abc import Callable
from typing import Any, cast

import pytest

from libline_fed.activitypub.uris import Uris
from libline_fed.config import Federation, Registration
from libline_fed.services import mail_texts
from libline_fed.services.keys import Keyring
from libline_fed.services.mail_texts import Text
from libline_fed.services.mails import one_line
from libline_fed.services.site import Site

SITE = Site(
    uris=Uris("https://lib.example"), keyring=cast("Keyring", None), name="Test Library", description="",
    contact_email="desk@lib.example", registration=Registration.OPEN, federation=Federation.OPEN,
    default_language="en", is_https=True,
)  # fmt: skip
VALUES = {"handle": "ana", "secret": "s3cret", "inviter": "@noor"}
TEXTS: list[Callable[..., Text]] = [
    function
    for name, function in inspect.getmembers(mail_texts, inspect.isfunction)
    if "translate" in inspect.signature(function).parameters and name != "compose"
]


def write(make: Callable[..., Text], translate: Callable[[str], str], site: Site = SITE) -> Text:
    wanted = inspect.signature(make).parameters
    values: dict[str, Any] = {name: value for name, value in VALUES.items() if name in wanted}
    return make(site, translate=translate, **values)


@pytest.mark.parametrize("make", TEXTS)
def test_every_text_is_complete_and_names_the_site(make: Callable[..., Text]) -> None:
    text = write(make, mail_texts.untranslated)
    assert "%(" not in text.subject + text.body
    assert "Test Library" in text.subject
    assert "https://lib.example" in text.body
    assert one_line(text.subject) == text.subject
    assert max(len(line) for line in text.body.splitlines()) < 200


@pytest.mark.parametrize("make", TEXTS)
def test_a_link_stands_alone_on_its_line(make: Callable[..., Text]) -> None:
    if "secret" not in inspect.signature(make).parameters:
        return
    lines = write(make, mail_texts.untranslated).body.splitlines()
    assert [line for line in lines if "s3cret" in line] == [
        f"https://lib.example/{page}/s3cret"
        for page in ("confirm", "reset", "invitations")
        if f"https://lib.example/{page}/s3cret" in lines
    ]
    assert sum("s3cret" in line for line in lines) == 1


@pytest.mark.parametrize("make", TEXTS)
def test_every_sentence_passes_through_the_translation(make: Callable[..., Text]) -> None:
    text = write(make, lambda sentence: f"¡{sentence}!")
    for paragraph in text.body.replace("-- \n", "").strip().split("\n\n"):
        assert paragraph.startswith(("¡", "https://")), paragraph
    assert "¡" in text.subject


@pytest.mark.parametrize("broken", ["100 % %s %(nothing)s %(handle", "", "%(site)s %(site)s"])
def test_no_translation_breaks_a_mail(broken: str) -> None:
    for make in TEXTS:
        assert write(make, lambda _: broken).body


def test_there_are_texts_to_test() -> None:
    assert len(TEXTS) >= 11
