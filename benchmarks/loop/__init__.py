"""How fast a large site's queues, moves and time limits are: 100,000 leads, 5,000 enterprises."""
