"""Templates into pages."""

from __future__ import annotations

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader

_templates = Environment(loader=PackageLoader("recommender.web"), autoescape=True)


def page(template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A template with its values, escaped."""
    return HTMLResponse(_templates.get_template(template).render(**values), status)
