"""Evidence: packages in the vault, access to them, exports, retention and deletion."""
