"""Generator of docs/checks.md from the docstrings and messages of the checks.

    python -m autograder.expect.reference            # prints the page
    python -m autograder.expect.reference --write    # writes docs/checks.md

A check's docstring is its entry. The first sentence states what is checked, `Catches:` lists wrong
answers it finds, `Blind to:` those it cannot find. Its messages are read from its code.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from autograder import expect
from autograder.expect import (
    arrays,
    generative,
    known_errors,
    models,
    task_card,
    text,
    training,
    vision,
)
from autograder.language import translate

PAGE = Path(__file__).parents[2] / "docs" / "checks.md"
WORDS = ("expected", "got", "next")
DOMAINS = (
    ("Values and functions", arrays),
    ("The task card", task_card),
    ("Models", models),
    ("Training", training),
    ("Text", text),
    ("Vision", vision),
    ("Generated images", generative),
)

HEAD = """# Checks

*Written from the code by `python -m autograder.expect.reference --write`; do not edit.*

`from autograder import expect` gives {count} checks. A criterion calls one or more of them:

```python
@task.criterion("Mean IoU on {{n}} unseen images is at least {{at_least}}", points=5)
def unseen_iou(unet, rng, *, n=200, at_least=0.80, partial_from=0.60):
    images, masks = shapes.sample(n, rng)
    answers = expect.predictions(unet, images)
    expect.mean_iou(answers, masks, at_least=at_least, partial_from=partial_from)
```

Each takes the student's value first, then the truth; settings are keyword-only. A demand that is
not fully met ends the criterion with its credit and with Expected / Got / Next, so what is called
after it is not reached: put the check of the shape before that of the quality. NaN, wrong types,
empty arrays and shapes that would only broadcast are never met, and no value of a student's makes a
check raise anything else. `expect.predictions(model, inputs)` gives a model's answers as an array,
and NotMet where it has none.

- `at_least=`, `at_most=`: the threshold; `partial_from=`: where credit is 0, linear in between.
- `name=`: what the value is called in messages; `hint=`: an English sentence in place of Next.
- `cases`: tuples of arguments, drawn with the criterion's `rng` so that nobody has seen them.
- Layers are chosen by name, by class ("Conv2D"), by the name of the nested model they lie in, or
  all with "*".
- *Claim* marks what only the student vouches for (a record, a table): never give points for quality
  on that alone.
- The pure number of each check can be imported beside it, for example
  `expect.vision.masks.iou_per_class`.

**A metric alone misses real mistakes.** Give each trained task one calibrated metric and at least
one check of structure or behaviour:

| a task about | metric | and beside it |
| --- | --- | --- |
{starts}

"""

STARTS = (
    ("a function by hand", "matches_reference", "signature, input_unchanged"),
    ("gradients by hand", "gradient_close", "matches_reference"),
    (
        "a classifier",
        "accuracy",
        "layers_in_order, loss_fits_output, weights_moved, history_honest",
    ),
    ("less overfitting", "small_gap", "regularized, dropout_works, early_stopping"),
    ("tuning and folds", "accuracy", "folds_clean, no_leak, tuning_table"),
    ("counts of words", "tfidf", "tokens_match, vocab_from_train"),
    ("word vectors", "closer_than, analogies", "skipgram_pairs, unseen_words, frozen"),
    ("a language model", "perplexity", "no_peeking, generated_text, probabilities"),
    ("translation", "translates", "no_peeking, uses_source, pad_invariant"),
    ("transfer", "transfer_gain", "frozen"),
    ("segmentation", "mean_iou", "mask_valid, skip_connections"),
    ("detection", "mean_average_precision", "box_iou, nms, boxes_valid"),
    ("an autoencoder", "reconstructs, denoises, flags_anomalies", "latent_size, interpolates"),
    ("a GAN", "feature_distance", "generator_output, diverse, not_copied, generator_step_helps"),
    ("CycleGAN", "cycle_back", "really_translated, identity_kept"),
)


def checks() -> dict[str, list[Callable[..., Any]]]:
    """Return the checks of each domain in alphabetical order."""
    return {
        title: [
            found
            for name in sorted(getattr(module, "__all__", CARD))
            if hasattr(found := getattr(module, name), "__wrapped__")
        ]
        for title, module in DOMAINS
    }


CARD = ("answer_saved", "contract", "time_budget")


def literals(value: ast.expr) -> Iterator[str]:
    """Yield the texts an expression may give: through `or`, `if` and `msgid`, no other calls."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.BoolOp):
        for inner in value.values:
            yield from literals(inner)
    elif isinstance(value, ast.IfExp):
        yield from literals(value.body)
        yield from literals(value.orelse)
    elif _calls(value, "msgid"):
        yield from literals(value.args[0])  # type: ignore[attr-defined]


def _calls(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def messages(check: Callable[..., Any]) -> dict[str, list[str]]:
    """Return the message templates of a check: Expected, Got and Next, each in its variants."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(check))))
    found: dict[str, list[str]] = {word: [] for word in WORDS}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _calls(node, "decide"):
            for keyword in node.keywords:
                if keyword.arg in WORDS:
                    found[keyword.arg] += list(literals(keyword.value))
    marked = _marked(tree)
    if not found["expected"]:  # words chosen in the body, in pairs: Expected, Got
        found["expected"], found["got"] = marked[0::2], marked[1::2]
    if not found["got"]:
        known = {*found["expected"], *found["next"]}
        found["got"] = [t for t in marked if t not in known] or ["{found}"]
    return {word: list(dict.fromkeys(texts)) for word, texts in found.items()}


def _marked(tree: ast.AST) -> list[str]:
    """Return the texts marked by msgid in the check's body, in order."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and _calls(n, "msgid")]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    return [text for call in calls for text in literals(call)]


SECTION = re.compile(r"^(Catches|Blind to): ", re.MULTILINE)


def sections(check: Callable[..., Any]) -> dict[str, str]:
    """Return a check's docstring in parts: when, more, example, catches, blind."""
    whole = inspect.getdoc(check) or ""
    body, catches, blind = whole, "", ""
    if "\nBlind to: " in body:
        body, blind = body.split("\nBlind to: ", 1)
    if "\nCatches: " in body:
        body, catches = body.split("\nCatches: ", 1)
    body, _, example = body.partition("\n>>> ")
    when, _, more = body.partition("\n\n")
    return {
        "when": " ".join(when.split()),
        "more": more.strip(),
        "example": ">>> " + example.strip() if example else "",
        "catches": " ".join(catches.split()),
        "blind": " ".join(blind.split()),
    }


def entry(check: Callable[..., Any]) -> str:
    """Return the entry of one check as Markdown."""
    parts = sections(check)
    name = check.__name__
    claim = " · *claim*" if name in expect.CLAIMS else ""
    lines = [f"### `{name}`{claim}", "", parts["when"], "", _call(check), ""]
    if parts["more"]:
        lines += [parts["more"], ""]
    if parts["example"]:
        lines += ["```python", parts["example"], "```", ""]
    lines += [f"- **Catches**: {parts['catches']}", f"- **Blind to**: {parts['blind']}", ""]
    lines += ["| | English | 한국어 |", "| --- | --- | --- |"]
    for word, texts in messages(check).items():
        english = "<br>".join(_cell(t) for t in texts)
        korean = "<br>".join(_cell(translate(t, "ko")) for t in texts)
        lines.append(f"| {word.capitalize()} | {english} | {korean} |")
    return "\n".join(lines) + "\n"


def _call(check: Callable[..., Any]) -> str:
    shown = []
    star = False
    for parameter in inspect.signature(check).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            star = True
            shown.append("*")
        plain = parameter.replace(annotation=parameter.empty)
        star = star or parameter.kind is parameter.VAR_POSITIONAL
        shown.append(str(plain).replace("=<class 'str'>", "=str"))
    call = re.sub(r"<[^>]*'(\w+)'[^>]*>", r"\1", f"expect.{check.__name__}({', '.join(shown)})")
    return "```python\n" + "\n    ".join(textwrap.wrap(call, 92)) + "\n```"


def _cell(template: str) -> str:
    return template.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def starts() -> str:
    """Return the table rows that recommend checks by kind of task."""
    return "\n".join(
        f"| {what} | {_linked(metric)} | {_linked(beside)} |" for what, metric, beside in STARTS
    )


def _linked(names: str) -> str:
    return ", ".join(f"[{name}](#{name})" for name in names.split(", "))


def wrong_solutions() -> str:
    """Return the table of wrong solutions trained in the tests as Markdown."""
    lines = [
        "## Wrong solutions and what catches them",
        "",
        "Each is trained for real in `tests/expect/`, beside a right one that the checks let pass.",
        "",
        "| wrong solution | caught by | not noticed by |",
        "| --- | --- | --- |",
    ]
    for title, many in known_errors.DOMAINS.items():
        lines.append(f"| **{title}** | | |")
        lines += [
            f"| {one.solution} | {_linked(', '.join(one.checks))} | {one.passes} |" for one in many
        ]
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the whole page as Markdown."""
    found = checks()
    count = sum(map(len, found.values()))
    contents = [
        f"- **{title}**: " + ", ".join(f"[{c.__name__}](#{c.__name__})" for c in many)
        for title, many in found.items()
    ]
    body = [f"## {title}\n\n" + "\n".join(map(entry, many)) for title, many in found.items()]
    head = HEAD.format(count=count, starts=starts())
    return head + "\n".join(contents) + "\n\n" + "\n".join([*body, wrong_solutions()])


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
