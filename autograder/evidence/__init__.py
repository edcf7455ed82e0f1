"""Evidence of a run: captured values, encoded by one codec and stored by content."""
