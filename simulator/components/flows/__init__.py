"""Components of the family `flows`: one law, one file."""
