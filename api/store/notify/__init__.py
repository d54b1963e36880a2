"""Notification in the store: rules, channels, and the outbox of messages that outlives any restart."""
