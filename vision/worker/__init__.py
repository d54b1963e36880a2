"""The worker: the process that watches cameras, and what each of its cameras goes through."""
