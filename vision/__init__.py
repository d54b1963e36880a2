"""Vision: what is seen becomes what is reported."""
