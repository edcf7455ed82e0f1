"""A student's kernel."""

from tests.student.conftest import start_kernel

__all__ = ["start_kernel"]
