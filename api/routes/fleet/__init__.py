"""Routes of cameras and workers."""
