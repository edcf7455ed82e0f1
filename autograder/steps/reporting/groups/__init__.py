"""Groups of answers that behave alike.

trees.py         code as pieces of its syntax tree, independent of the author's style
probes.py        one line for each value that an answer produced
fingerprints.py  both, with the outcome of every criterion; stored in the database
groups.py        the groups of one task: size, exemplar, first failing criterion, nearest mistake
mistakes.py      which of the author's known mistakes an answer makes
saving.py        a group's exemplar as a `mistake` cell in the source
"""
