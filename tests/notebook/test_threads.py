"""Notebooks are read in threads: what one parses, another may parse at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from autograder.notebook.names import tree_of


def test_many_threads_parse_at_the_same_time():
    code = "\n".join(f"def f{i}(x):\n    return [x + {i} for _ in range({i})]" for i in range(60))
    with ThreadPoolExecutor(8) as threads:
        trees = list(threads.map(tree_of, [code] * 400))
    assert all(len(tree.body) == 60 for tree in trees)
