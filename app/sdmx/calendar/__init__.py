"""What is owed when: duties of agreements, their states, calendars, and scores of reporting."""
