"""Brings the translation catalogues in step with the code.

    python scripts/catalogue.py            # update every .po, compile every .mo
    python scripts/catalogue.py --missing  # list what has no translation yet

What is collected from `autograder/`, read and never run: string literals passed as `expected=`,
`got=` and `next=`, the three texts of `Message(...)`, the first argument of `translate(...)` and
`msgid(...)`, fact and way out of `Refused.because(...)`, and names of values such as "the masks";
from templates the argument of `t(...)`. Other texts are not translated.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "autograder"
LOCALE = PACKAGE / "locale"
LANGUAGES = ("ko",)
WORDS = ("expected", "got", "next")
CALLS = ("translate", "msgid")


def templates(source: str) -> Iterator[tuple[int, str]]:
    """Every text of a module that is shown to a person, with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = _called(node.func)
            shown = [k.value for k in node.keywords if k.arg in WORDS]
            if name == "Message":
                shown += node.args[:3]
            elif name in CALLS:
                shown += node.args[:1]
            elif name == "because":
                shown += node.args[:1] + [k.value for k in node.keywords if k.arg == "way_out"]
            for value in shown:
                yield from _literals(value)


def names(source: str) -> Iterator[str]:
    """What checks call a value in a message: every literal such as "the masks"."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        to_author = isinstance(node, ast.Call) and _called(node.func) == "WrongSetting"
        if to_author or isinstance(node, ast.JoinedStr):
            continue
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and text.startswith("the "):
            yield text
        waiting += ast.iter_child_nodes(node)


def in_pages(source: str) -> Iterator[str]:
    """Every text that a template hands to `t`, also where it chooses between two."""
    for call in Environment().parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "t":
            yield from _chosen(call.args[0])


def _chosen(value: nodes.Expr | None) -> Iterator[str]:
    if isinstance(value, nodes.Const) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, nodes.CondExpr):
        yield from _chosen(value.expr1)
        yield from _chosen(value.expr2)


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _literals(value: ast.expr) -> Iterator[tuple[int, str]]:
    """The literals that an expression may give: through `or` and `if`, not into calls."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
        yield value.lineno, value.value
    elif isinstance(value, ast.BoolOp):
        for inner in value.values:
            yield from _literals(inner)
    elif isinstance(value, ast.IfExp):
        yield from _literals(value.body)
        yield from _literals(value.orelse)


def collected() -> Catalog:
    """The catalogue of all texts, with the files they come from; no line numbers, no date."""
    found = Catalog(project="autograder", charset="utf-8")
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.j2")]):
        source = path.read_text(encoding="utf-8")
        page = path.suffix == ".j2"
        shown = list(in_pages(source)) if page else [text for _, text in templates(source)]
        if path.is_relative_to(PACKAGE / "expect"):
            shown += names(source)
        for text in shown:
            if any(c.isalpha() for c in text.replace("{", "").replace("}", "")):
                found.add(text, locations=[(path.relative_to(ROOT).as_posix(), None)])
    return found


def po_file(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "autograder.po"


def updated(language: str) -> Catalog:
    """The catalogue in a language: every text of the code, with the translations there are."""
    path = po_file(language)
    known = (
        read_po(io.BytesIO(path.read_bytes()), locale=language)
        if path.exists()
        else Catalog(locale=language)
    )
    fresh = Catalog(locale=language, project="autograder", fuzzy=False, charset="utf-8")
    fresh.header_comment = "# The words of autograder in this language; `make locale` updates it."
    fresh.mime_headers = []
    for message in collected():
        if message.id:
            old = known.get(message.id)
            fresh.add(message.id, old.string if old else "", locations=message.locations)
    return fresh


def as_po(catalog: Catalog) -> bytes:
    """The catalogue as a .po file, in the order of its texts."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=100, sort_output=True, omit_header=False)
    text = buffer.getvalue().decode()
    kept = [line for line in text.split("\n") if not line.startswith(VOLATILE)]
    return "\n".join(kept).encode()


NO_DATE = datetime(2000, 1, 1, tzinfo=timezone.utc)
VOLATILE = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By')


def as_mo(catalog: Catalog) -> bytes:
    """The catalogue as gettext reads it; texts without a translation are left out."""
    catalog.creation_date = catalog.revision_date = NO_DATE  # the same bytes on every day
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def missing(language: str) -> list[str]:
    """The texts that have no translation yet."""
    return [m.id for m in updated(language) if m.id and not m.string]


def main() -> int:
    if "--missing" in sys.argv:
        for language in LANGUAGES:
            for text in missing(language):
                print(f"{language}: {text!r}")
        return 0
    for language in LANGUAGES:
        path = po_file(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_po(updated(language)))
        catalog = read_po(io.BytesIO(path.read_bytes()), locale=language)
        path.with_suffix(".mo").write_bytes(as_mo(catalog))
        count = len(missing(language))
        print(f"{language}: {len(catalog)} texts, {count} without a translation")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
