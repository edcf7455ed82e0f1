"""Report results: feedback, statistics, answer groups, exports, status."""
