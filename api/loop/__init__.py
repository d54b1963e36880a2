"""The loop: who may move a lead, what a move takes, and what happens when nobody moves it (domain.md 6.2)."""
