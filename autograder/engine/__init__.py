"""Parallel execution of independent work items."""
