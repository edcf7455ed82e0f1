"""A mended criterion applied to everybody: what it would change first, then, if wished, for good.

judging.py     recorded submissions judged again from evidence, beside what was recorded
previewing.py  what that would change, rehearsed in the gradebook
applying.py    the same recorded, with who and why
waiting.py     previews that staff's pages ask for, done by the worker
causes.py      who else failed a task the same way
"""

from autograder.steps.regrade.applying import apply
from autograder.steps.regrade.previewing import Preview, preview

__all__ = ["Preview", "apply", "preview"]
