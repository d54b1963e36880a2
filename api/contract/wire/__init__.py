"""Wire types that workers, the API and outside tools share."""
