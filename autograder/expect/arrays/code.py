"""Checks of an answer's source code, on its syntax tree."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Sequence
from typing import Any

from autograder.expect import coerce
from autograder.expect.verdict import Verdict, check, decide, msgid, short

STATEMENTS = {
    "for": (ast.For, ast.AsyncFor),
    "while": (ast.While,),
    "comprehension": (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    "lambda": (ast.Lambda,),
    "import": (ast.Import, ast.ImportFrom),
    "@": (ast.MatMult,),
}


def names_used(source: str) -> dict[str, int]:
    r"""Return every name, attribute, imported module and statement kind, with its first line.

    >>> names_used("import sklearn.svm\nfor i in x: np.dot(i, i)")["dot"]
    2
    """
    found: dict[str, int] = {}
    for node in ast.walk(ast.parse(textwrap.dedent(source))):
        line = getattr(node, "lineno", 1)
        for word in _words(node):
            found[word] = min(line, found.get(word, line))
    return found


def _words(node: ast.AST) -> list[str]:
    words = [word for word, kinds in STATEMENTS.items() if isinstance(node, kinds)]
    if isinstance(node, ast.Name):
        words.append(node.id)
    elif isinstance(node, ast.Attribute):
        words.append(node.attr)
    elif isinstance(node, ast.Import):
        words += [part for alias in node.names for part in alias.name.split(".")]
    elif isinstance(node, ast.ImportFrom):
        words += [*(node.module or "").split("."), *(alias.name for alias in node.names)]
    return words


@check
def code_uses(
    source: Any, *, require: Sequence[str] = (), forbid: Sequence[str] = (), hint: str = ""
) -> Verdict:
    """Check that the code uses the required names and none of the forbidden ones.

    `source` is the text of the answer or a function defined in a cell. Besides names, these words
    are allowed: "for", "while", "comprehension", "lambda", "import", "@".

    >>> code_uses("for x in xs: total += x", forbid=["for"])
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: an answer without for
    Got: line 1 uses for
    Next: Take it out, and use what the task names instead.

    Catches: a loop where array code is required, a library that solves the task.
    Blind to: names hidden in strings (getattr, exec), code in another cell.
    """
    text = _text(source)
    try:
        used = names_used(text)
    except (SyntaxError, ValueError, RecursionError):
        raise coerce.failing(
            expected="code that can be read",
            got="a syntax error",
            next="Run the cell and mend the error it shows.",
        ) from None
    bad = [word for word in forbid if word in used]
    missing = [word for word in require if word not in used]
    word = (bad + missing + [""])[0]
    return decide(
        not bad and not missing,
        expected="an answer without {word}" if bad else "an answer that uses {word}",
        got="line {line} uses {word}" if bad else "{word} does not occur",
        next=hint
        or (
            msgid("Take it out, and use what the task names instead.")
            if bad
            else msgid("Use it where the task asks for it.")
        ),
        word=word,
        line=used.get(word, 0),
    )


def _text(source: Any) -> str:
    if isinstance(source, str):
        return source
    try:
        return inspect.getsource(source)
    except (OSError, TypeError):
        raise coerce.failing(
            expected="a function defined in a cell",
            got="{found}, whose code cannot be read",
            next="Define it with def in the answer cell.",
            found=short(source),
        ) from None
