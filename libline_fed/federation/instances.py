"""Finding the actor that stands for a whole server, in the three ways in which servers name it.

NodeInfo first (FEP-2677), then WebFinger of the server's own address (FEP-d556), then the address
`host@host`, as Mastodon does it. Whatever names it: it must be an Application on that very host.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from libline_fed.activitypub.nodeinfo import parse_instance_uri
from libline_fed.activitypub.objects import ActorDocument, Admitted
from libline_fed.activitypub.urls import host_of
from libline_fed.activitypub.webfinger import Jrd
from libline_fed.activitypub.wire import parse_json
from libline_fed.domain.peers import normal_host
from libline_fed.errors import LibLineError, NotFound, PeerUnavailable, PermanentError, Refusal, RefusalReason
from libline_fed.federation.admit import Admitter, Budget
from libline_fed.federation.fetch import Fetcher
from libline_fed.services.translations import N_
from libline_fed.storage.circles import INSTANCE_TYPE

_SENTENCES = {
    RefusalReason.OWN_HOST: N_("This is the server you are on."),
    RefusalReason.HOST_BLOCKED: N_("This server is blocked here. Take the block back first."),
    RefusalReason.HOST_NOT_ALLOWED: N_("This server is not on your list of allowed servers. Allow it first."),
}
WebFinger = Callable[[str, str], Awaitable[Jrd]]  # resource, host


class InstanceFinder:
    """Finds instance actors."""

    def __init__(
        self, admitter: Admitter, fetcher: Fetcher, webfinger: WebFinger, schemes: Sequence[str]
    ) -> None:
        self._admitter = admitter
        self._fetcher = fetcher
        self._webfinger = webfinger
        self._schemes = schemes

    async def find(self, text: str) -> Admitted[ActorDocument]:
        """Find the instance actor of the server that a host name or an address names.

        Raises: NotFound, PeerUnavailable.
        """
        host = _host_named(text)
        if host is None:
            raise NotFound(
                f"no host: {text[:200]!r}", safe="Write the name of a server, such as library.example."
            )
        refusal = self._admitter.refuse_host(f"{self._schemes[-1]}://{host}/")
        if refusal is not None:
            raise _refused(refusal)
        trouble: LibLineError | None = None
        tried: set[str] = set()
        async for uri in self._named(host):
            if isinstance(uri, PeerUnavailable):
                trouble = uri
            elif uri not in tried and host_of(uri) == host:
                tried.add(uri)
                try:
                    admitted = await self._admitter.actor(uri, Budget())
                except PeerUnavailable as error:
                    trouble = error
                    continue
                except PermanentError:
                    continue
                if not isinstance(admitted, Refusal) and admitted.document.type == INSTANCE_TYPE:
                    return admitted
        raise trouble or NotFound(
            f"{host} names no Application of its own",
            safe="This server does not say how to link with it. Does it run LibLine?",
        )

    async def _named(self, host: str) -> AsyncIterator[str | PeerUnavailable]:
        """Give what the server names as its actor, the most explicit way first, and what did not answer."""
        for scheme in self._schemes:
            try:
                response = await self._fetcher.get(
                    f"{scheme}://{host}/.well-known/nodeinfo", accept="nodeinfo"
                )
            except PeerUnavailable as error:
                yield error
                continue
            except PermanentError:
                break
            raw = parse_json(response.body)
            uri = None if isinstance(raw, Refusal) else parse_instance_uri(raw)
            if uri is not None:
                yield uri
            break
        for resource in (*(f"{scheme}://{host}" for scheme in self._schemes), f"acct:{host}@{host}"):
            try:
                jrd = await self._webfinger(resource, host)
            except PeerUnavailable as error:
                yield error
                continue
            except LibLineError:
                continue
            found = jrd.self_uris if resource.startswith("acct:") else jrd.service_uris
            if len(found) == 1:
                yield found[0]


def _host_named(text: str) -> str | None:
    text = text.strip()
    if "://" in text:
        return host_of(text.partition("#")[0])
    name = text.rpartition("@")[2].partition("/")[0]
    return normal_host(name) if name else None


def _refused(refusal: Refusal) -> NotFound:
    safe = _SENTENCES.get(refusal.reason, N_("This cannot be the name of a server."))
    return NotFound(f"{refusal.reason}: {refusal.detail}", safe=safe)
