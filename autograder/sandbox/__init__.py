"""Sandbox in which student code runs: processes, isolation, limits."""
