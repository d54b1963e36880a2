"""Tables and queries of evidence, custody and the log."""
