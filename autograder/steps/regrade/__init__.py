"""Regrade of all submissions by a corrected criterion: preview it first, then apply it.

judging.py     judge recorded submissions again from evidence; compare with the recorded result
previewing.py  rehearse the changes in the gradebook
applying.py    record the changes, with who and why
waiting.py     previews and regrades requested on staff pages, done by the worker
causes.py      students who failed a task in the same way
"""

from autograder.steps.regrade.applying import apply
from autograder.steps.regrade.previewing import Preview, preview

__all__ = ["Preview", "apply", "preview"]
