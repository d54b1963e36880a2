"""Coverage: what was watched of each camera, hour by hour, and why not where it was not."""
