"""What a run leaves: captured values, encoded by one codec, stored by content."""
