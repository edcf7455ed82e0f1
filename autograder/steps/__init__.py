"""The course in order: the only place where parts meet."""
