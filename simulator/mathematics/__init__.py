"""Scalar mathematics that laws share: random numbers by address, the inverse normal. Knows nothing of the model."""
