"""JSON files that the autograder keeps: read whole, or rejected with the place and the fix."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.errors import AutograderError


def read_object(
    path: Path, what: str, fits: Callable[[dict[str, Any]], object], way_out: str
) -> dict[str, Any]:
    """Return the JSON object in a file if `fits` accepts it.

    Raises AutograderError if it is not a JSON object, or if `fits` returns False or raises a
    KeyError, TypeError or AttributeError.
    """
    try:
        data = json.loads(path.read_bytes().decode("utf-8-sig"))
        if isinstance(data, dict) and fits(data) is not False:
            return data
        fact = "it is not what was written"
    except (KeyError, TypeError, AttributeError) as error:
        fact = f"it is not what was written ({type(error).__name__}: {error})"
    except (OSError, ValueError, RecursionError) as error:
        fact = f"it cannot be read ({type(error).__name__}: {error})"
    raise AutograderError(f"{what} is damaged: {fact[:200]}", where=str(path), way_out=way_out)
