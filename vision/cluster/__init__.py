"""Cluster: which worker watches which camera: claims, balance, load and focus."""
