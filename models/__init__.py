"""Models: what is in an image."""
