"""Actions behind the portal's pages: sign-in, submission, sprints, releasing feedback."""
