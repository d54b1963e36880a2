"""Accuracy benchmark: pictures and scenes through a model, scored."""
