"""Routes of the loop: the queue, who holds which role, days of work."""
