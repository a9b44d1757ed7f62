"""Components of the family `price`: one law, one file."""
