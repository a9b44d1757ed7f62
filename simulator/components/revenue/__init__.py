"""Components of the family `revenue`: one law, one file."""
