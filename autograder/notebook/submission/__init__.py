"""Open a submitted notebook and merge it into its source."""
