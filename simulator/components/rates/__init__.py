"""Reference interest rate of floating debt. One law, one file."""
