"""Doing many independent things at once, whatever does them."""
