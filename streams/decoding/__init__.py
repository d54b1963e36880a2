"""Decoding: packets to pictures, clips and covered copies."""
