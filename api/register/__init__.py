"""The register at work: tables in and out, premises that a camera sees, and what workers are told."""
