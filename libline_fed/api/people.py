"""People who can be found, as JSON."""

from libline_fed import vocabulary
from libline_fed.api.answers import Found, json_bytes
from libline_fed.api.context import ApiContext
from libline_fed.api.directory import V1, page_links
from libline_fed.api.operations import Asked, Operation
from libline_fed.api.parameters import PEOPLE
from libline_fed.api.shapes import PersonList, PersonShape, TermShape
from libline_fed.api.writing import Writer, label_language
from libline_fed.domain.proposals import Purpose
from libline_fed.domain.saved_searches import search_from
from libline_fed.domain.viewers import EVERYBODY
from libline_fed.sanitize import plain_text
from libline_fed.services import people
from libline_fed.services.people import Person


class PeopleApi:
    """`/api/v1/people`."""

    def __init__(self, context: ApiContext) -> None:
        self._store = context.store
        self._site = context.site

    async def people(self, asked: Asked) -> Found:
        """List people, ten on a page."""
        search = people.search_for_people(search_from(Purpose.OFFER, asked.params))
        page = asked.number("page", 1)
        found = await self._store.read(
            lambda tx: people.page(tx, search, EVERYBODY, page=page, now=asked.now)
        )
        writer = Writer(self._site, label_language(asked.first("lang"), self._site.default_language))
        said = PersonList(
            items=[_person(writer, one) for one in found.items], page=found.page, has_more=found.has_more
        )
        return Found(json_bytes(said), links=page_links(asked, self._site.uris.base_url, found.has_more))


def _person(writer: Writer, person: Person) -> PersonShape:
    actor = person.actor
    return PersonShape(
        author=writer.author(actor),
        summary=plain_text(actor.summary_html),
        languages=person.languages,
        areas=[
            TermShape(id=area, label=vocabulary.area_label(area, writer.language)) for area in person.areas
        ],
        country=person.facts.country or None,
        offers_count=person.offers_count,
        requests_count=person.requests_count,
    )


def operations(context: ApiContext) -> list[Operation]:
    """List what can be asked of this noun."""
    summary = "People who can be found: members who allow it, and authors of other servers."
    return [Operation(f"{V1}/people", "people", summary, PeopleApi(context).people, PersonList, PEOPLE)]
