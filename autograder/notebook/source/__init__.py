"""Read a source notebook: cells, tasks, criteria, mistakes."""
