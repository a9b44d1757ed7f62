"""From numbers to decisions: what a few runs on common random numbers say that one does not."""
