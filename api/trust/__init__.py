"""Trust: keys, certificates, time-stamps and the append-only log."""
