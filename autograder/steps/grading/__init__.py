"""Grade a class: collect, grade, regrade."""
