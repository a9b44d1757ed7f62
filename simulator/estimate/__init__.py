"""From counts and order statistics to numbers with intervals."""
