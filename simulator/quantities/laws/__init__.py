"""One law, one file. A new distribution is a new file here."""
