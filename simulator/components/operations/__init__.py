"""Components of the family `operations`: one law, one file."""
