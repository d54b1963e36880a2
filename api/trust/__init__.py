"""Trust: keys, certificates, time stamps and the log that anybody can check."""
