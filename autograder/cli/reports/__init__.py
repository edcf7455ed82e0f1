"""Print reports as text and tables in a terminal."""
