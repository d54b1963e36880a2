"""Contract: what the worker and the API share: wire schema, stamps, packages, client and bus keys."""
