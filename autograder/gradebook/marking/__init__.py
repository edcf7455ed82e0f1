"""Marking by people: rubrics, comments, leases, answer groups."""
