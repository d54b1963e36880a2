"""API: intake, leads, evidence vault and the wall."""
