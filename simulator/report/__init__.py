"""What people read: the summary of a run, a scenario in plain words, a path's ledger."""
