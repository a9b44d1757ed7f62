"""Components of the family `market`: one law, one file."""
