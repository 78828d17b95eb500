"""`libline verify`: check records, documents with a proof and saved requests, step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from libline_fed.activitypub.credential_checks import (
    Outcome,
    Step,
    TrustedKey,
    are_of_one_mentorship,
    check_credential,
)
from libline_fed.activitypub.credentials import is_credential
from libline_fed.activitypub.proofs import proof_key_id, verify_proof
from libline_fed.activitypub.wire import parse_json
from libline_fed.cli.opening import opened_instance, run
from libline_fed.cli.output import AsJson, ExitCode, show, show_json
from libline_fed.cli.trusted_keys import GivenKeys, read_trusted_keys
from libline_fed.clock import SystemClock
from libline_fed.config import load_settings
from libline_fed.domain.records import Record
from libline_fed.errors import LibLineError, NotFound, PeerUnavailable, Refusal, RefusalReason
from libline_fed.federation.signatures import KeySource, SignedRequest, VerifiedSender, Verifier, key_id_of

NAME_WIDTH = 11


class UnusableFile(LibLineError):
    """The file is neither a saved request nor a document with a proof."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found out about one file."""

    file: str
    kind: str  # record, document or request
    holds: bool
    verdict: str
    steps: tuple[Step, ...]
    record: Record | None = None


def verify(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Records, JSON documents, or requests as they came.")
    ],
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|KEY",
            help="A public key you trust: a saved actor document, a PEM file, or z6Mk…; may be repeated. "
            "Default: the key a record carries, or the one that a document or request names, fetched.",
        ),
    ] = None,
    online: Annotated[
        bool, typer.Option("--online", help="For records too, ask the issuer's server for its key.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check records, proofs of saved documents, signatures of saved requests. Status 1: one does not hold.

    A record is checked without network or database. With --key or --online the issuer's key is checked too.
    """
    for file in files:
        if not file.is_file():
            raise NotFound(f"no file {file}", safe=f"There is no file {file}.")
    trusted = read_trusted_keys(key or [])
    contents = {str(file): file.read_bytes() for file in files}
    reports = run(_check_all(contents, trusted, is_online=online))
    pair = _pair_verdict(reports)
    if as_json:
        show_json({"holds": all(report.holds for report in reports), "pair": pair, "files": reports})
    else:
        _show(reports, pair)
    raise typer.Exit(ExitCode.DONE if all(report.holds for report in reports) else ExitCode.FAILED)


async def _check_all(
    contents: Mapping[str, bytes], trusted: Sequence[TrustedKey], *, is_online: bool
) -> list[Report]:
    return [
        await _check(file, content, trusted, is_online=is_online) for file, content in contents.items()
    ]


async def _check(file: str, content: bytes, trusted: Sequence[TrustedKey], *, is_online: bool) -> Report:
    if content.lstrip()[:1] != b"{":
        return await _check_request(file, content, trusted)
    document = parse_json(content)
    if isinstance(document, Refusal):
        step = Step("reading", Outcome.BAD, f"refused, {document.reason}: {document.detail}")
        return Report(file, "document", holds=False, verdict="it cannot be read", steps=(step,))
    if not is_credential(document):
        return await _check_document(file, document, trusted)
    if is_online:
        trusted = [*trusted, *await _asked_for(proof_key_id(document))]
    checked = check_credential(content, trusted=trusted, now=SystemClock().now())
    is_known = checked.outcome_of("issuer") is Outcome.GOOD
    good = "the record is genuine" if is_known else "the record is whole; whose key signed it is not proven"
    verdict = good if checked.holds else "the record does not hold"
    return Report(file, "record", checked.holds, verdict, checked.steps, checked.record)


async def _asked_for(key_id: str | None) -> list[TrustedKey]:
    """Ask an issuer's server for its key.

    Raises: PeerUnavailable if it does not give it, since what was asked for could not be done.
    """
    if key_id is None:
        return []
    async with opened_instance() as instance:
        found = await instance.keys.find(key_id, refresh=True)
    if isinstance(found, Refusal):
        raise PeerUnavailable(f"the issuer's key: {found.reason}: {found.detail}")
    source = f"{found.owner_uri}, asked just now"
    return [TrustedKey(found.public_key, source, found.owner_uri, found.key_id)]


async def _check_document(file: str, document: dict[str, object], trusted: Sequence[TrustedKey]) -> Report:
    steps = [Step("reading", Outcome.GOOD, f"{document.get('type')} {document.get('id')}")]
    key_id = proof_key_id(document)

    def report(holds: bool, verdict: str) -> Report:
        return Report(file, "document", holds, verdict, tuple(steps))

    if key_id is None:
        steps.append(Step("proof", Outcome.BAD, "there is none of the kind eddsa-jcs-2022"))
        return report(False, "there is no proof")
    steps.append(Step("proof", Outcome.GOOD, f"eddsa-jcs-2022 by {key_id}"))
    if trusted:
        found = await GivenKeys(trusted).find(key_id, refresh=False)
    else:
        async with opened_instance() as instance:
            found = await instance.keys.find(key_id, refresh=False)
    if isinstance(found, Refusal):
        steps.append(Step("key", Outcome.BAD, f"not to be had, {found.reason}: {found.detail}"))
        return report(False, "there is no key to check it with")
    steps.append(Step("key", Outcome.GOOD, f"of {found.owner_uri}"))
    is_good = verify_proof(document, found.public_key, now=SystemClock().now())
    return report(is_good, "the proof holds" if is_good else "the proof does not hold")


async def _check_request(file: str, content: bytes, trusted: Sequence[TrustedKey]) -> Report:
    request = _read_request(content)
    sizes = f"{len(request.headers)} headers, {len(request.body)} bytes"
    steps = (
        Step("request", Outcome.GOOD, f"{request.method} {request.target}, {sizes}"),
        Step("key id", Outcome.GOOD, key_id_of(request) or "none"),
    )
    if trusted:
        verdict = await _judge(request, GivenKeys(trusted), load_settings().base_url)
    else:
        async with opened_instance() as instance:
            verdict = await _judge(request, instance.keys, instance.settings.base_url)
    if isinstance(verdict, VerifiedSender):
        said = f"signed by {verdict.actor_uri} ({verdict.scheme})"
        return Report(file, "request", holds=True, verdict=said, steps=steps)
    is_stale = verdict.reason is RefusalReason.STALE
    hint = " (a saved request grows old: signatures hold for twelve hours)" if is_stale else ""
    said = f"refused, {verdict.reason}: {verdict.detail}{hint}"
    return Report(file, "request", holds=False, verdict=said, steps=steps)


async def _judge(request: SignedRequest, keys: KeySource, base_url: str) -> VerifiedSender | Refusal:
    return await Verifier(keys, base_url).verify(request, now=SystemClock().now())


def _pair_verdict(reports: Sequence[Report]) -> str | None:
    """Say whether two records are the two sides of one mentorship; None unless there are two that hold."""
    records = [report.record for report in reports if report.holds and report.record is not None]
    if len(reports) != 2 or len(records) != 2:
        return None
    return "one mentorship" if are_of_one_mentorship(*records) else "different mentorships"


def _show(reports: Sequence[Report], pair: str | None) -> None:
    for report in reports:
        if len(reports) > 1:
            show(f"{report.file}:")
        for number, step in enumerate(report.steps, start=1):
            mark = "" if step.outcome is Outcome.GOOD else f"{step.outcome}: "
            _say(number, step.name, mark + step.detail)
        _say(len(report.steps) + 1, "verdict", report.verdict)
    if pair is not None:
        show(f"The two records are of {pair}.")


def _say(number: int, name: str, text: str) -> None:
    """Print one step; what a stranger wrote must not steer the terminal."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    show(f"{number}. {name + ':':<{NAME_WIDTH}} {printable}")


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
