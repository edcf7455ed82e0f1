"""What a notebook imports: Task, expect, keep, progress, budget, submit."""
