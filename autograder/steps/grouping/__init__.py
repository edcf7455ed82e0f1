"""Answers in groups of those that behave alike.

trees.py         code as pieces of its syntax tree, the same for the same program in another hand
probes.py        what an answer left, in a line each
fingerprints.py  both beside the outcome of every criterion; kept in the database
groups.py        the groups of one task: size, exemplar, first failing criterion, nearest mistake
mistakes.py      which of the author's known mistakes an answer makes
saving.py        a group's exemplar as a `mistake` cell in the source
"""
