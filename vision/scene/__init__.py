"""Scene: what a camera's pictures show as a whole: health, change, fog, novelty."""
