"""The check vocabulary: a pure number first, then a verdict."""
