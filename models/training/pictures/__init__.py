"""Pictures to learn from: assembly, leak checks, label repair, painted plumes, batches."""
