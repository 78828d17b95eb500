"""`libline proposal`: offers and requests of members here."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any

import typer

from libline_fed.cli.opening import change_with_site
from libline_fed.cli.output import AsJson, show, show_list
from libline_fed.domain.accounts import Member
from libline_fed.domain.proposals import Audience, Draft, Proposal, Purpose, Status
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.services import members, proposals
from libline_fed.services.site import Site
from libline_fed.storage.store import Tx

commands = typer.Typer(
    help="Add, edit, close and list offers and requests of members here.", no_args_is_help=True
)

Handle = Annotated[str, typer.Argument(help="The author's user name.")]
ProposalId = Annotated[str, typer.Argument(metavar="ID", help="The id, as `proposal list --json` shows it.")]
Areas = Annotated[list[str] | None, typer.Option("--area", help="An area such as A0301; may be repeated.")]
Languages = Annotated[
    list[str] | None,
    typer.Option("--language", help="A language of the mentoring, such as en; may be repeated."),
]
Modes = Annotated[list[str] | None, typer.Option("--mode", help="M1 to M5, a way to meet; may be repeated.")]
Places = Annotated[int | None, typer.Option(help="Free places.")]
OpenUntil = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day, such as 2027-03-01.")
]
_COLUMNS = ("handle", "purpose", "status", "title", "audience", "uri")


@commands.command("add")
def add(
    handle: Handle,
    title: Annotated[str, typer.Option()],
    text: Annotated[str, typer.Option(help="A few sentences; an empty line begins a paragraph.")],
    purpose: Annotated[Purpose, typer.Option()] = Purpose.OFFER,
    area: Areas = None,
    language: Languages = None,
    mode: Modes = None,
    places: Places = 1,
    open_until: OpenUntil = None,
    audience: Annotated[Audience, typer.Option()] = Audience.PUBLIC,
) -> None:
    """Publish an offer or a request in a member's name."""
    languages = tuple(language or ())
    draft = Draft(
        purpose=purpose, title=title, body_text=text, language=languages[0] if languages else "en",
        areas=tuple(area or ()), languages=languages, modes=tuple(mode or ()),
        places_count=1 if places is None else places, open_until_on=open_until.date() if open_until else None,
        audience=audience,
    )  # fmt: skip

    async def unit(tx: Tx, site: Site, now: datetime) -> Proposal:
        member = await members.by_handle(tx, handle)
        return await proposals.add(tx, site, author=member.actor, draft=draft, now=now)

    added = change_with_site(unit)
    show(added.uri)


@commands.command("edit")
def edit(
    proposal_id: ProposalId,
    title: Annotated[str | None, typer.Option()] = None,
    text: Annotated[str | None, typer.Option()] = None,
    area: Areas = None,
    language: Languages = None,
    mode: Modes = None,
    places: Places = None,
    open_until: OpenUntil = None,
) -> None:
    """Change what is named; everything else stays."""
    changes: dict[str, Any] = {
        "title": title,
        "body_text": text,
        "areas": tuple(area) if area else None,
        "languages": tuple(language) if language else None,
        "modes": tuple(mode) if mode else None,
        "places_count": places,
        "open_until_on": open_until.date() if open_until else None,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    if not changes:
        raise InvalidInput({"options": "Name what to change, such as --title."})

    async def unit(tx: Tx, site: Site, now: datetime) -> Proposal:
        old = await _local(tx, proposal_id)
        return await proposals.edit(
            tx,
            site,
            proposal_id=old.id,
            author_id=old.author_id,
            draft=replace(_draft_of(old), **changes),
            now=now,
        )

    show(f"Changed: {change_with_site(unit).uri}")


@commands.command("close")
def close(proposal_id: ProposalId) -> None:
    """Close an offer or a request; it is not listed any more."""

    async def unit(tx: Tx, site: Site, now: datetime) -> Proposal:
        old = await _local(tx, proposal_id)
        return await proposals.set_status(
            tx, site, proposal_id=old.id, author_id=old.author_id, status=Status.CLOSED, now=now
        )

    show(f"Closed: {change_with_site(unit).uri}")


@commands.command("list")
def list_(
    handle: Annotated[str | None, typer.Option(help="Only of this member.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the offers and requests of members here, in every state."""

    async def unit(tx: Tx, site: Site, now: datetime) -> list[dict[str, object]]:
        del site, now
        authors = [await members.by_handle(tx, handle)] if handle else await _all_members(tx)
        return [
            {"handle": member.actor.handle, **asdict(listed.proposal)}
            for member in authors
            for listed in await proposals.own(tx, member.actor.id)
        ]

    show_list(change_with_site(unit), _COLUMNS, as_json=as_json, empty="There are none.")


async def _all_members(tx: Tx) -> list[Member]:
    found, page = [], 1
    while True:
        listed = await members.list_accounts(tx, page=page)
        found.extend(listed.items)
        if not listed.has_more:
            return found
        page += 1


async def _local(tx: Tx, proposal_id: str) -> Proposal:
    listed = await proposals.find(tx, proposal_id.rpartition("/")[2])
    if not listed.is_local:
        raise NotFound(f"{proposal_id} is not of this instance")
    return listed


def _draft_of(proposal: Proposal) -> Draft:
    return Draft(
        purpose=proposal.purpose, title=proposal.title, body_text=proposal.body_text,
        language=proposal.language or "en", areas=tuple(proposal.areas), languages=tuple(proposal.languages),
        modes=tuple(proposal.modes), places_count=proposal.places_count, open_until_on=proposal.open_until_on,
        audience=proposal.audience,
    )  # fmt: skip
