"""Components of the family `contracts`: one law, one file."""
