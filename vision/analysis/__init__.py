"""Analysis: one camera's pictures and boxes in, changed leads out; and the record of its last hour."""
