"""Policies: what the company does by rule when money runs short, one file each."""
