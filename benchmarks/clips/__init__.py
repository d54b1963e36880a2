"""Real-film benchmark: clips whose events are known, by source."""
