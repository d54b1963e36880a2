"""Power cuts: ``kill -9`` anywhere between a lead's confirmation and its place in vault and log, and what is left."""
