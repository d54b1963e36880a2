"""Rules: when a confirmed track is a finding; one file a family."""
