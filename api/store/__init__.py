"""Store: leads, cameras, events and operators in SQL."""
