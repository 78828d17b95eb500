"""Renders templates: one environment per language, escaping always on, undefined names an error."""

from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from libline_fed import __version__
from libline_fed.resources import data_dir
from libline_fed.services.site import Site
from libline_fed.web.filters import filters
from libline_fed.web.languages import NAMES, Language, languages
from libline_fed.web.static_files import StaticFiles
from libline_fed.web.visits import visit_of

STYLESHEET = "libline.css"
ICON = "icon.svg"
VARY = "Cookie, Accept-Language"


class Renderer:
    """The templates of one instance."""

    def __init__(self, site: Site, static: StaticFiles) -> None:
        self._site = site
        self._static = static
        self._environments = {tag: self._environment(language) for tag, language in languages().items()}

    def page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Render a page for the visit that the request carries."""
        visit = visit_of(request)
        # what is absent and what is private must look the same to the last byte: no address on the page
        here = request.scope["path"] if status in {200, 422} else "/"
        html = (
            self._environments[visit.language.tag]
            .get_template(template)
            .render(visit=visit, language=visit.language, path=here, **values)
        )
        # a page with somebody's name or form token on it belongs to that person alone
        is_private = visit.person is not None or bool(visit.visitor_value) or status >= 400
        return HTMLResponse(
            html,
            status_code=status,
            headers={
                "vary": VARY,
                "content-language": visit.language.tag,
                "cache-control": "no-store" if is_private else "private, no-cache",
            },
        )

    def document(self, template: str, language: Language, **values: Any) -> str:
        """Render something that is no page of this site, such as a file to keep."""
        return (
            self._environments[language.tag]
            .get_template(template)
            .render(language=language, **values)
        )

    def _environment(self, language: Language) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(data_dir("templates")),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            extensions=["jinja2.ext.i18n"],
        )
        environment.install_gettext_callables(  # type: ignore[attr-defined]
            language.gettext, language.ngettext, newstyle=True
        )
        environment.globals |= {
            "site": self._site,
            "version": __version__,
            "page_languages": NAMES,
            "stylesheet_url": self._static.url(STYLESHEET),
            "icon_url": self._static.url(ICON),
        }
        environment.filters |= filters(language)
        return environment
