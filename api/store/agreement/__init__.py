"""
Agreement: compares the tables of evidence with the log.

Triggers keep records from being changed, but an owner of the database can drop those. The log cannot be rewritten so
quietly: its signed checkpoints are in the journal outside and in other hands (`api.trust.checkpoints.check_log`). So
every leaf is read in order, from its own bytes, and each table is walked beside it: a record that was changed, is gone
or was planted is reported in a sentence. Whether the leaves are the signed ones is the log's own check.
"""
