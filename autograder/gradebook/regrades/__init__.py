"""Regrade previews, requests, and changed scores."""
