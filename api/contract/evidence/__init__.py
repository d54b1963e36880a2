"""The evidence package: its files, its verification and the sentences of the verdict."""
