"""Notification: from the wall's events to messages on the channels of those who must act."""
