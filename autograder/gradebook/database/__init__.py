"""The database connection and our tables."""
