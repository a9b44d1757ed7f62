"""What a few runs answer together: each verb is a typed function that returns its tables."""
