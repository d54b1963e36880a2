"""Zone rules: the violations of the catalogue that depend on what a zone is, on boxes and on readings."""
