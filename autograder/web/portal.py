"""Portal: the course, clock and authenticator that every page needs, and how a page is rendered."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder import language, sanitize
from autograder.config import Course
from autograder.deadlines import in_local_time
from autograder.web.auth import Authenticator, Visitor
from autograder.web.path_prefix import links

Clock = Callable[[], datetime]


HERE = Path(__file__).parent


@dataclass(frozen=True)
class Portal:
    """Shared objects of all pages: course, clock, sign-in and page rendering."""

    course: Course
    clock: Clock
    door: Authenticator
    prefix: str = ""  # prefix of every path

    def page(
        self, template: str, visitor: Visitor, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """Return the page as HTML, with the visitor's session renewed."""
        html = (
            _environment()
            .get_template(template)
            .render(
                course=self.course,
                visitor=visitor,
                seal=self.door.seal(visitor),
                now=self.clock(),
                t=language.translate,
                lang=language.current(),
                local=self.local,
                **values,
            )
        )
        response = HTMLResponse(links(html, self.prefix), status)
        self.door.remember(response, visitor)
        return response

    def local(self, moment: datetime) -> Markup:
        """Return a time in the course's time zone, which the browser converts to its own."""
        utc = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        aware = utc.astimezone(self.course.zone)
        return Markup('<time datetime="{}">{} <small>{}</small></time>').format(
            aware.isoformat(), in_local_time(aware, self.course.zone), self.course.zone.key
        )


def now() -> datetime:
    """Return the server's time in UTC."""
    return datetime.now(timezone.utc)


def _seen(value: Any) -> Any:
    """Escape invisible characters in a value inserted into a page.

    One central filter, so that no page must consider who wrote a name, a file or a comment.
    """
    if type(value) is not str or value.isprintable():
        return value
    return sanitize.text(value, cap=len(value))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        finalize=_seen,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment
