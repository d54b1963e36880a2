"""Notification on the wire: who is told of what, by which channel, and what became of each message."""
