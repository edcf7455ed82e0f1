"""Other systems: nbgrader and otter in, otter, Canvas and Moodle out."""
