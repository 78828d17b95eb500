"""This server and what it speaks of, as JSON: itself, its topics, and the lists of the vocabulary."""

from libline_fed import __version__, vocabulary
from libline_fed.api.answers import Found, json_bytes
from libline_fed.api.context import ApiContext
from libline_fed.api.directory import V1
from libline_fed.api.openapi import PATH
from libline_fed.api.operations import Asked, Operation
from libline_fed.api.parameters import LANG
from libline_fed.api.shapes import ConceptList, ConceptShape, InstanceShape, TopicList, TopicShape
from libline_fed.api.writing import label_language
from libline_fed.errors import NotFound
from libline_fed.services.areas import AreaCounts
from libline_fed.services.open_counts import Counter
from libline_fed.vocabulary import Scheme


class InstanceApi:
    """`/api/v1/instance`, `/api/v1/topics` and `/api/v1/vocabulary/{scheme}`."""

    def __init__(self, context: ApiContext) -> None:
        self._site = context.site
        self._counter = Counter(context.store)

    async def instance(self, asked: Asked) -> Found:
        """Tell about this server."""
        counted, site = await self._counter.get(asked.now), self._site
        said = InstanceShape(
            name=site.name,
            description=site.description,
            url=site.uris.base_url,
            software="libline",
            version=__version__,
            language=site.default_language,
            registration=site.registration.value,
            contact_email=site.contact_email,
            members_count=counted.members_count,
            offers_count=counted.offers_count,
            requests_count=counted.requests_count,
            documentation_url=f"{site.uris.base_url}{PATH}",
        )
        return Found(json_bytes(said))

    async def topics(self, asked: Asked) -> Found:
        """List all areas, with how much is open in each."""
        counted, language = await self._counter.get(asked.now), self._language(asked)
        items = []
        for area in vocabulary.area_ids():
            group = vocabulary.group_of(area)
            counts = counted.by_area.get(area, AreaCounts())
            items.append(
                TopicShape(
                    id=area,
                    uri=vocabulary.area_uri(area),
                    label=vocabulary.area_label(area, language),
                    group=vocabulary.area_label(group, language) if group else "",
                    offers_count=counts.offers_count,
                    requests_count=counts.requests_count,
                    url=f"{self._site.uris.base_url}/topics/{area}",
                )
            )
        return Found(json_bytes(TopicList(items=items)))

    async def vocabulary(self, asked: Asked) -> Found:
        """List the terms that people can choose in one list of the published vocabulary.

        Raises: NotFound.
        """
        scheme, language = asked.path_params["scheme"], self._language(asked)
        if scheme not in list(Scheme):
            raise NotFound(f"no list {scheme[:60]!r}")
        said = ConceptList(
            scheme=scheme,
            title=vocabulary.scheme_title(scheme, language),
            version=vocabulary.concepts(scheme).version,
            items=[
                ConceptShape(
                    id=term.id, uri=vocabulary.term_uri(scheme, term.id), label=term.label, help=term.help
                )
                for term in vocabulary.terms(scheme, language)
            ],
        )
        return Found(json_bytes(said))

    def _language(self, asked: Asked) -> str:
        return label_language(asked.first("lang"), self._site.default_language)


def operations(context: ApiContext) -> list[Operation]:
    """List what can be asked of this noun."""
    api = InstanceApi(context)
    return [
        Operation(
            f"{V1}/topics",
            "topics",
            "Areas of library work, and what is open.",
            api.topics,
            TopicList,
            (LANG,),
        ),
        Operation(f"{V1}/instance", "instance", "This server.", api.instance, InstanceShape),
        Operation(
            f"{V1}/vocabulary/{{scheme}}",
            "vocabulary",
            "One list of the vocabulary.",
            api.vocabulary,
            ConceptList,
            (LANG,),
            {"scheme": f"One of {', '.join(Scheme)}."},
        ),
    ]
