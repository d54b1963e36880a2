"""Commands: one module a group of the command line."""
