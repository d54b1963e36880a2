"""Evidence: what is kept of leads, who saw it, what goes out, what is deleted when."""
