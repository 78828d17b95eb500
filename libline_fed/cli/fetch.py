"""`libline fetch`: fetch something from another server as this instance would, and explain each step."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from libline_fed.activitypub.objects import ActorDocument, NoteDocument, ProposalDocument, Tombstone
from libline_fed.activitypub.parse import parse_object
from libline_fed.activitypub.urls import host_of, is_fetchable, parse_acct
from libline_fed.activitypub.webfinger import parse_jrd
from libline_fed.activitypub.wire import parse_json
from libline_fed.app import Instance
from libline_fed.cli.opening import opened_instance, run
from libline_fed.cli.output import ExitCode, show, show_json
from libline_fed.errors import Forbidden, LibLineError, Refusal
from libline_fed.federation.http_client import Response


class Steps:
    """Numbers and prints what happens, unless only the document is wanted."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        self._count = 0

    def say(self, name: str, text: str) -> None:
        """Print the next step."""
        self._count += 1
        if not self._is_quiet:
            show(f"{self._count}. {name}: {text}")


def fetch(
    address: Annotated[
        str, typer.Argument(metavar="URL", help="A URL, or a handle such as @name@example.org.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print only the document.")] = False,
) -> None:
    """Fetch a URL with a signed GET and explain each step; store nothing. Status 1: not acceptable."""
    steps = Steps(is_quiet=as_json)
    document = run(_fetch(address, steps))
    if document is None:
        raise typer.Exit(ExitCode.FAILED)
    show_json(document) if as_json else steps.say("verdict", "acceptable")


async def _fetch(address: str, steps: Steps) -> dict[str, Any] | None:
    async with opened_instance() as instance:
        acct = parse_acct(address)
        url = address if acct is None else await _look_up(acct, instance, steps)
        if url is None:
            return None
        response = await _get(url, "activity", instance, steps)
        return _judge(response, steps)


async def _look_up(acct: tuple[str, str], instance: Instance, steps: Steps) -> str | None:
    user, host = acct
    scheme = "http" if instance.settings.allow_private_peers and not instance.settings.is_https else "https"
    url = f"{scheme}://{host}/.well-known/webfinger?resource={quote(f'acct:{user}@{host}')}"
    response = await _get(url, "jrd", instance, steps)
    found = parse_json(response.body)
    jrd = found if isinstance(found, Refusal) else parse_jrd(found)
    if isinstance(jrd, Refusal):
        steps.say("WebFinger", f"refused, {jrd.reason}: {jrd.detail}")
        return None
    if not jrd.self_uris:
        steps.say("WebFinger", f"{jrd.subject} has no actor")
        return None
    steps.say("WebFinger", f"{jrd.subject} is {jrd.self_uris[0]}")
    return jrd.self_uris[0]


async def _get(url: str, accept: Any, instance: Instance, steps: Steps) -> Response:
    is_allowed = is_fetchable(url, allow_private=instance.settings.allow_private_peers)
    steps.say("address", f"{url} ({'may' if is_allowed else 'may not'} be fetched)")
    verdict = instance.policies.verdict(host_of(url) or "")
    steps.say("policy", f"{host_of(url)} is {verdict}")
    if not verdict.is_open:
        raise Forbidden(f"{host_of(url)} is {verdict}", safe="This instance does not speak with that server.")
    try:
        response = await instance.fetcher.get(url, accept=accept)
    except LibLineError as error:
        steps.say("signed GET", error.detail)
        raise
    size = f"{len(response.body)} bytes"
    steps.say("signed GET", f"{response.status}, {response.media_type}, {size} from {response.url}")
    return response


def _judge(response: Response, steps: Steps) -> dict[str, Any] | None:
    document = parse_json(response.body)
    if isinstance(document, Refusal):
        steps.say("JSON", f"refused, {document.reason}: {document.detail}")
        return None
    steps.say("JSON", f"{len(document)} members, type {document.get('type')}")
    parsed = parse_object(document)
    if isinstance(parsed, Refusal):
        steps.say("content", f"refused, {parsed.reason}: {parsed.detail}")
        return None
    steps.say("content", _describe(parsed))
    uri = parsed.note.uri if isinstance(parsed, ProposalDocument) else parsed.uri
    if uri != response.url:
        steps.say("identity", f"it calls itself {uri}, which is not where it was fetched: fetch that instead")
        return None
    steps.say("identity", "it is where it says it is")
    return document


def _describe(parsed: ActorDocument | NoteDocument | ProposalDocument | Tombstone) -> str:
    match parsed:
        case ActorDocument():
            return f"the actor {parsed.name or parsed.handle} ({parsed.type}), {len(parsed.public_keys)} keys"
        case ProposalDocument():
            return f"the {parsed.purpose} “{parsed.title}” of {parsed.note.author_uri}, {parsed.status}"
        case NoteDocument():
            return f"a {parsed.type} of {parsed.author_uri}"
        case Tombstone():
            return "a tombstone: it was deleted"
