"""Components of the family `financing`: one law, one file."""
