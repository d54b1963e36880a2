"""The register in the store: every change is kept, so that what held at any moment can be told."""
