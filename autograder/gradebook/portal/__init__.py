"""Portal state: access tokens, the submission queue, sprints, feedback views."""
