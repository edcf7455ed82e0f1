"""Tasks, criteria and their execution, shared by the student's kernel and grading."""
