"""The closed loop of a lead as data: states, roles, moves with their content, time limits (domain.md 6.2)."""
