""".ipynb to and from Assignment(Task(Criterion, Mistake)): reading, stripping, merging."""
