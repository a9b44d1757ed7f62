"""Numbers as people write them: units, distributions, and the field type that accepts both."""
