"""Signing in with an account of another server: what is asked there, and what can come of it."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from urllib.parse import urlencode

from libline_fed.domain.actors import Actor
from libline_fed.domain.peers import Verdict

ATTEMPT_LIFE = timedelta(minutes=10)  # RFC 6749 §4.1.2: a code lives that long at most
GUEST_LIFE = timedelta(days=7)  # then the other server is asked again who somebody is
CLIENT_LIFE = timedelta(days=30)
# Mastodon before 4.3 forgot applications without a living token after a day.
OLD_CLIENT_LIFE = timedelta(hours=20)
PROFILE_SCOPE = "profile"  # Mastodon 4.3: who somebody is, and nothing else
OLD_SCOPE = "read:accounts"  # the least that shows it elsewhere


class Problem(StrEnum):
    """Why a sign-in did not come about; the pages have one sentence for each."""

    BAD_ADDRESS = "bad-address"
    OWN_ADDRESS = "own-address"
    NOT_WELCOME = "not-welcome"  # a rule of this server, or of its admins about the other one
    NOBODY = "nobody"
    NOT_OFFERED = "not-offered"
    NO_ANSWER = "no-answer"
    OVER = "over"  # too old, used already, or begun in another browser
    DENIED = "denied"
    MIX_UP = "mix-up"  # the answer is not from the server that was asked
    NOT_CONFIRMED = "not-confirmed"  # the other server does not stand by its answer
    MISMATCH = "mismatch"  # somebody else's account
    UNPROVEN = "unproven"  # the other server claims what is not its to say


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where one server lets people sign in, as its metadata say (RFC 8414) or as Mastodon's API has it."""

    issuer: str
    authorize_url: str
    token_url: str
    revoke_url: str
    apps_url: str
    account_url: str  # tells whose token it is
    is_described: bool  # by metadata of its own
    sends_issuer: bool  # RFC 9207 §3: then an answer without one is refused

    @classmethod
    def from_row(cls, values: dict[str, Any]) -> Self:
        """Read what `oauth_clients.endpoints` holds."""
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Registration:
    """This instance as another server knows it."""

    client_id: str
    client_secret: str = field(repr=False)
    scope: str
    endpoints: Endpoints


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """One row of `oauth_clients`, field by field as the columns are named."""

    host: str
    client_id: str
    secret_encrypted: bytes = field(repr=False)
    scope: str
    endpoints: dict[str, Any]
    created_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether the other server surely still knows this registration."""
        is_described = Endpoints.from_row(self.endpoints).is_described
        return now - self.created_at < (CLIENT_LIFE if is_described else OLD_CLIENT_LIFE)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row of `oauth_attempts`, field by field as the columns are named."""

    state_hash: str
    host: str
    actor_uri: str
    browser_hash: str
    verifier_encrypted: bytes = field(repr=False)
    next_path: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send somebody who wants to sign in, after having named the server."""

    host: str
    url: str = field(repr=False)  # holds the state
    actor: Actor


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser brings back from the other server."""

    host: str  # whose answer it is, by the address it came to
    state: str = field(repr=False)
    code: str = field(repr=False)
    issuer: str = ""
    error: str = ""


def may_sign_in(verdict: Verdict) -> bool:
    """Tell whether people of a server may sign in: silenced ones keep the door that they have, messages."""
    return verdict is Verdict.ALLOWED


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a code verifier (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def authorize_url(registration: Registration, *, redirect_url: str, state: str, verifier: str) -> str:
    """Return the page of the other server that asks somebody for consent (RFC 6749 §4.1.1, RFC 7636 §4.3)."""
    query = urlencode(
        {
            "response_type": "code",
            "client_id": registration.client_id,
            "redirect_uri": redirect_url,
            "scope": registration.scope,
            "state": state,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
    )
    url = registration.endpoints.authorize_url
    return f"{url}{'&' if '?' in url else '?'}{query}"


def is_same_issuer(given: str, expected: str) -> bool:
    """Compare issuers: Mastodon's has a slash at the end, and some leave it out (RFC 9207 §2.4)."""
    return given.removesuffix("/") == expected.removesuffix("/")


def mixes_up(answer: Answer, attempt: Attempt, endpoints: Endpoints) -> bool:
    """Tell whether an answer came from another server than was asked (RFC 9700 §4.4).

    Each server has a return address of its own, and may sign its answer with its issuer on top.
    """
    if answer.host != attempt.host:
        return True
    if answer.issuer:
        return not is_same_issuer(answer.issuer, endpoints.issuer)
    return endpoints.sends_issuer
