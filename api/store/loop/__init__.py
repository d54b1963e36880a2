"""The loop in the store: who may move leads, until when a lead should be moved, which moves were answered already."""
