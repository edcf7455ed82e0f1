"""Translate an assignment: gettext catalogues and their texts."""
