"""The laws of the model: one law, one file, found by being there. Component files do not know each other."""
