"""What happens between the pages and a course: signing in, handing in, sprints, giving back."""
