"""What everything may use: errors, names, the log, time and chance, secrets that cannot be printed."""
