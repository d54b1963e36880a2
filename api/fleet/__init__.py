"""Fleet: cameras and workers as the API knows them, and what it tells them."""
