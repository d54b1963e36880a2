"""Reports: results as HTML pages with plots."""
