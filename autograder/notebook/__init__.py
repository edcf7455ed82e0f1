""".ipynb to and from Assignment(Task(Criterion, Mistake)): reading, stripping, merging."""

import sys

# nbformat needs jsonschema, which would build a grammar of web addresses in all scripts while it is
# imported: for seconds, at every command. Where it is not to be had jsonschema does without, and so
# can we: no notebook is checked for such addresses.
_GRAMMAR = "rfc3987_syntax"
if _GRAMMAR not in sys.modules:
    sys.modules[_GRAMMAR] = None  # type: ignore[assignment]
    import nbformat  # noqa: F401

    del sys.modules[_GRAMMAR]
