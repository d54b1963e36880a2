"""Routes of evidence: packages, exports, custody, redactions, the log."""
