"""Jobs: orders from the bus that a worker carries out beside its cameras, in child processes."""
