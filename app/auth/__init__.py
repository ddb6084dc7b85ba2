"""Who is calling, and what an agreement lets them do."""
