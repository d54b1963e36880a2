"""The register over HTTP: entries by kind, their history, tables in and out."""
