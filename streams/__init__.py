"""Streams: camera bytes to frames with true times."""
