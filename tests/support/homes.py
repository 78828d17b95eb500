"""Servers where people have their accounts, as far as pages can see them."""

from dataclasses import dataclass, field

from libline_fed.domain.actors import Actor
from libline_fed.domain.guests import Endpoints, Problem, Registration
from libline_fed.services.guests import ClientForgotten, SignInFailed


def endpoints_of(origin: str, *, is_described: bool = True, sends_issuer: bool = False) -> Endpoints:
    """Return where a server like Mastodon lets people sign in."""
    return Endpoints(
        issuer=origin,
        authorize_url=f"{origin}/oauth/authorize",
        token_url=f"{origin}/oauth/token",
        revoke_url=f"{origin}/oauth/revoke",
        apps_url=f"{origin}/api/v1/apps",
        account_url=f"{origin}/api/v1/accounts/verify_credentials",
        is_described=is_described,
        sends_issuer=sends_issuer,
    )


@dataclass
class FakeHomes:
    """Who is found by which address, and whose each code is: a person or what goes wrong."""

    people: dict[str, Actor | Problem] = field(default_factory=dict)
    codes: dict[str, Actor | Problem | ClientForgotten] = field(default_factory=dict)
    sends_issuer: bool = False
    is_described: bool = True
    registered: list[tuple[str, str]] = field(default_factory=list)  # (host, redirect address)
    exchanged: list[tuple[str, str]] = field(default_factory=list)  # (code, verifier)

    async def find(self, handle: str) -> Actor:
        """Find who has an address."""
        found = self.people.get(handle.removeprefix("@"), Problem.NOBODY)
        if isinstance(found, Problem):
            raise SignInFailed(found)
        return found

    async def register(self, actor: Actor, *, redirect_url: str) -> Registration:
        """Take a registration, each under a new name."""
        self.registered.append((actor.host, redirect_url))
        name = f"client-{len(self.registered)}"
        endpoints = endpoints_of(
            f"https://{actor.host}", is_described=self.is_described, sends_issuer=self.sends_issuer
        )
        return Registration(name, f"secret of {name}", "profile", endpoints)

    async def identify(
        self, registration: Registration, *, actor_uri: str, code: str, verifier: str, redirect_url: str
    ) -> Actor:
        """Say whose a code is; each is good for once."""
        assert redirect_url in {url for _, url in self.registered}
        self.exchanged.append((code, verifier))
        found = self.codes.pop(code, Problem.NOT_CONFIRMED)
        if isinstance(found, ClientForgotten):
            raise found
        if isinstance(found, Problem):
            raise SignInFailed(found)
        return found
