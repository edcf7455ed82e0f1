"""Task, criterion, and running them: the same code in a student's kernel and outside."""
