"""Replay: files through the same analyser as live cameras, and evidence packages judged again."""
