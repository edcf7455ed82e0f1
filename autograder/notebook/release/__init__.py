"""Build the student notebook and keep hidden parts out of it."""
