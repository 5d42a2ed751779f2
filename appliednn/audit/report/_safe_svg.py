"""Lets a figure onto the page only if it draws and nothing else."""

from __future__ import annotations

from xml.etree import ElementTree

from markupsafe import Markup

_SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"}
_TEXTS = {"title", "desc", "text", "tspan"}
_STRUCTURE = {"svg", "g", "defs", "use", "symbol", "marker", "mask", "clipPath", "pattern"}
_PAINT = {"linearGradient", "radialGradient", "stop"}
_MOTION = {"animate", "animateTransform"}
_ELEMENTS = _SHAPES | _TEXTS | _STRUCTURE | _PAINT | _MOTION
#: What may move: nothing that could point elsewhere while it does.
_MOVES = {"transform", "visibility", "opacity"}


def safe_svg(svg: str) -> Markup | None:
    """Return an SVG as markup, or None if it holds a script, a link out, a style or is no SVG.

    Shapes may move, turn and vanish; nothing else about them may change.

    Examples
    --------
    >>> safe_svg('<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>') is None
    False
    >>> safe_svg("<svg><script>alert(1)</script></svg>") is None
    True
    """
    if "<!" in svg or "<?" in svg:
        return None
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError:
        return None
    if _name(root.tag) != "svg":
        return None
    for element in root.iter():
        if _name(element.tag) not in _ELEMENTS or not all(map(_safe, element.attrib.items())):
            return None
        if _name(element.tag) in _MOTION and element.get("attributeName") not in _MOVES:
            return None
    return Markup(svg)


def _safe(attribute: tuple[str, str]) -> bool:
    """Whether an attribute neither runs code nor points outside of the figure."""
    name, value = _name(attribute[0]).lower(), attribute[1].strip().lower()
    if name.startswith("on") or name in ("style", "id"):
        return name == "id"
    if name == "href":
        return value.startswith("#")
    return "url(" not in value or value.startswith("url(#")


def _name(tag: str) -> str:
    """Return a tag or attribute without its namespace."""
    return tag.rpartition("}")[2]
