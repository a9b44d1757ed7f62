"""Hand-written programs for the same companies, as honest opponents of the engine (benchmarks/README.md)."""
