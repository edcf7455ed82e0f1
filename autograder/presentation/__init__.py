"""Show a result: text, tables and drawings shared by notebook, page and feedback."""
