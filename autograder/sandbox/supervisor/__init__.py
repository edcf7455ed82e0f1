"""Start jobs, move their frames, watch their limits, end them: trusted, outside the sandbox."""
