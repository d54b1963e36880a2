"""Routes of notification."""
