"""Fleet: the API's view of cameras and workers, and its messages to them."""
