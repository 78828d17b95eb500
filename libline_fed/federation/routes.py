"""All routes of the federation side, most wanted first."""

from collections.abc import Callable, Mapping

from starlette.routing import BaseRoute

from libline_fed.clock import Clock
from libline_fed.domain.peers import Policies
from libline_fed.federation.agreement_documents import AgreementDocuments
from libline_fed.federation.answers import AnswerCache, Printer
from libline_fed.federation.discovery import Discovery
from libline_fed.federation.documents import Documents
from libline_fed.federation.group_documents import GroupDocuments
from libline_fed.federation.inbox import Inbox
from libline_fed.federation.needs import NeedDocuments
from libline_fed.federation.network_documents import NetworkDocuments, NetworkSigners
from libline_fed.federation.network_lists import NetworkLists
from libline_fed.federation.signatures import Verifier
from libline_fed.services.site import Site
from libline_fed.storage.store import Store


def federation_routes(
    store: Store,
    site: Site,
    clock: Clock,
    verifier: Verifier,
    policies: Callable[[], Policies],
    inbox: Inbox,
    cache: AnswerCache,
    headers: Mapping[str, str],
) -> list[BaseRoute]:
    """Return the routes of inboxes, documents and discovery; `headers` are on every answer."""
    printer = Printer(headers)
    documents = Documents(store, site, cache, printer, policies)
    signers = NetworkSigners(site, verifier, clock)
    network = NetworkDocuments(store, site, printer, signers, otherwise=documents.proposal_app())
    lists = NetworkLists(store, site, printer, signers, otherwise=documents.instance_list_app())
    return [
        *inbox.routes(),
        *network.routes(),
        *lists.routes(),
        *documents.routes(),
        *GroupDocuments(store, site, cache, printer, clock).routes(),
        *Discovery(store, site, cache, printer, clock).routes(),
        *NeedDocuments(store, site, printer, verifier, clock).routes(),
        *AgreementDocuments(store, site, printer, verifier, clock).routes(),
    ]
