"""Evidence: cases with exact or published answers, recomputed by one command."""
