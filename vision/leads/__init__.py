"""Leads: their states, merging, disposition and the budget of false leads."""
