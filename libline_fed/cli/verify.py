"""`libline verify`: check a saved request's signature or a saved document's proof, step by step."""

from pathlib import Path
from typing import Annotated

import typer

from libline_fed.activitypub.keys import load_public
from libline_fed.activitypub.proofs import proof_key_id, verify_proof
from libline_fed.activitypub.wire import parse_json
from libline_fed.cli.opening import opened_instance, run
from libline_fed.cli.output import ExitCode, show
from libline_fed.clock import SystemClock
from libline_fed.errors import LibLineError, NotFound, Refusal, RefusalReason
from libline_fed.federation.signatures import (
    KeySource,
    SignedRequest,
    VerificationKey,
    VerifiedSender,
    Verifier,
    key_id_of,
)


class UnusableFile(LibLineError):
    """The file is neither a saved request nor a document with a proof."""


class GivenKey:
    """The one key that was named on the command line, taken for whatever key id is asked for."""

    def __init__(self, public_pem: str) -> None:
        self._public_key = load_public(public_pem)

    async def find(self, key_id: str, *, refresh: bool) -> VerificationKey | Refusal:
        """Return the key, as if its owner were the key id without its fragment."""
        del refresh
        return VerificationKey(key_id, key_id.partition("#")[0], self._public_key)


def verify(
    file: Annotated[Path, typer.Argument(help="A JSON document, or a request as it came.")],
    key: Annotated[
        Path | None, typer.Option(help="The public key (PEM) to use. Default: fetch the one that is named.")
    ] = None,
) -> None:
    """Check the signature of a saved request or the proof of a saved document. Status 1: it does not hold."""
    if not file.is_file():
        raise NotFound(f"no file {file}", safe=f"There is no file {file}.")
    content = file.read_bytes()
    given = GivenKey(key.read_text(encoding="utf-8")) if key is not None else None
    is_good = run(_verify(content, given))
    raise typer.Exit(ExitCode.DONE if is_good else ExitCode.FAILED)


async def _verify(content: bytes, given: GivenKey | None) -> bool:
    check = _verify_document if content.lstrip()[:1] == b"{" else _verify_request
    async with opened_instance() as instance:
        return await check(content, given or instance.keys, instance.settings.base_url)


async def _verify_document(content: bytes, keys: KeySource, base_url: str) -> bool:
    del base_url
    document = parse_json(content)
    if isinstance(document, Refusal):
        show(f"1. reading:  refused, {document.reason}: {document.detail}")
        return False
    show(f"1. reading:  {document.get('type')} {document.get('id')}")
    key_id = proof_key_id(document)
    if key_id is None:
        show("2. proof:    there is none of the kind eddsa-jcs-2022")
        return False
    show(f"2. proof:    eddsa-jcs-2022 by {key_id}")
    key = await keys.find(key_id, refresh=False)
    if isinstance(key, Refusal):
        show(f"3. key:      not to be had, {key.reason}: {key.detail}")
        return False
    show(f"3. key:      of {key.owner_uri}")
    is_good = verify_proof(document, key.public_key, now=SystemClock().now())
    show(f"4. verdict:  {'the proof holds' if is_good else 'the proof does not hold'}")
    return is_good


async def _verify_request(content: bytes, keys: KeySource, base_url: str) -> bool:
    request = _read_request(content)
    sizes = f"{len(request.headers)} headers, {len(request.body)} bytes"
    show(f"1. request:  {request.method} {request.target}, {sizes}")
    show(f"2. key id:   {key_id_of(request) or 'none'}")
    verdict = await Verifier(keys, base_url).verify(request, now=SystemClock().now())
    if isinstance(verdict, VerifiedSender):
        show(f"3. verdict:  signed by {verdict.actor_uri} ({verdict.scheme})")
        return True
    is_stale = verdict.reason is RefusalReason.STALE
    hint = " (a saved request grows old: signatures hold for twelve hours)" if is_stale else ""
    show(f"3. verdict:  refused, {verdict.reason}: {verdict.detail}{hint}")
    return False


def _read_request(content: bytes) -> SignedRequest:
    """Take a saved request apart; lines may end with or without a carriage return.

    Raises: UnusableFile.
    """
    ending = b"\r\n" if b"\r\n" in content[:8192] else b"\n"
    head, _, body = content.partition(ending * 2)
    first, *lines = head.split(ending)
    parts = first.decode("latin-1").split(" ")
    if len(parts) < 2 or not all(b":" in line for line in lines):
        raise UnusableFile("no request line", safe="This is neither a JSON document nor a saved request.")
    pairs = [line.partition(b":") for line in lines]
    headers = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
    return SignedRequest(method=parts[0], target=parts[1], headers=headers, body=body)
