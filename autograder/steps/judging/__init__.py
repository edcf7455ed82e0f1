"""One submission → result: planned, run in the sandbox, asked, and judged by its criteria."""
