"""Signatures, certificates, time stamps and the Merkle log, as bytes."""
