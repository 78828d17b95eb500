"""Bar charts as SVG, drawn here: no script, no font, no link to anywhere. Each stands beside its table.

pygal writes a script, comments and its own styles into what it draws; all of that is taken out again.
"""

import sys
from collections.abc import Sequence
from xml.etree.ElementTree import Element, tostring

import pygal  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]
from starlette.responses import Response

# pygal puts a finder for its plugins before every later import of the program, which warns each time.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

MAX_LABEL_CHARACTERS = 34
BAR_PIXELS = 30  # of one line with its bars
MIN_PIXELS = 160
WIDTH_PIXELS = 640
MEDIA_TYPE = "image/svg+xml"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
# The colours of the site's stylesheet; a picture of its own cannot read that.
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#26221c;stroke:none}"
    ".background{fill:none}.axis .line,.guide.line{stroke:#c9bda5;fill:none}"
    ".axis text{font-size:12px}.axis.y text{text-anchor:end}.axis.x text{text-anchor:middle}"
    ".color-0{fill:#b3423a}.color-1{fill:#1d5c4d}.color-2{fill:#b58b1d}.color-3{fill:#3d6ab0}"
    "@media (prefers-color-scheme:dark){text{fill:#ece5d6}.axis .line,.guide.line{stroke:#5a5345}"
    ".color-0{fill:#d9776c}.color-1{fill:#93cfb8}.color-2{fill:#f3d896}.color-3{fill:#9cc2ff}}"
)
_SVG = "http://www.w3.org/2000/svg"
_DROPPED = frozenset({"script", "style", "desc", "title", "a"})


def bars(title: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[int | None]]]) -> bytes:
    """Draw horizontal bars, the first label on top; what is None has no bar."""
    chart = pygal.HorizontalBar(
        js=[],
        css=[],
        style=Style(font_family="sans-serif", label_font_size=12, legend_font_size=13),
        width=WIDTH_PIXELS,
        height=max(MIN_PIXELS, 110 + BAR_PIXELS * len(labels)),
        legend_at_bottom=True,
        legend_at_bottom_columns=min(2, len(series)),
        truncate_legend=-1,
        x_labels_major_count=5,
        show_minor_y_labels=True,
        include_x_axis=True,
        max_scale=5,
        order_min=0,
        margin=6,
        formatter=lambda value: f"{value:.0f}",
    )
    chart.x_labels = [_shortened(label) for label in reversed(labels)]
    for name, values in series:
        chart.add(name, list(reversed(values)))
    return _cleaned(chart.render_tree(), title)


def svg_response(svg: bytes) -> Response:
    """Answer with a picture that belongs to one person's page; opened by itself it can do nothing either."""
    headers = {"cache-control": "no-store", "content-security-policy": POLICY}
    return Response(svg, media_type=MEDIA_TYPE, headers=headers)


def _cleaned(root: Element, title: str) -> bytes:
    """Keep shapes and words only, and give them our style."""
    for parent in list(root.iter()):
        for child in list(parent):
            tag = child.tag if isinstance(child.tag, str) else ""
            if not tag or tag.rpartition("}")[2] in _DROPPED or "tooltip-overlay" in child.get("class", ""):
                parent.remove(child)
    for element in root.iter():
        for name in ("id", "style", "onload"):
            element.attrib.pop(name, None)
    width, height = root.get("viewBox", "0 0 0 0").split()[2:]
    root.attrib |= {"role": "img", "width": width, "height": height}
    root.set("xmlns", _SVG)
    named, style = Element("title"), Element("style")
    named.text, style.text = title, STYLE
    root.insert(0, named)
    root.insert(1, style)
    drawn: bytes = tostring(root, encoding="utf-8")
    return drawn


def _shortened(label: str) -> str:
    return label if len(label) <= MAX_LABEL_CHARACTERS else label[: MAX_LABEL_CHARACTERS - 1].rstrip() + "…"
