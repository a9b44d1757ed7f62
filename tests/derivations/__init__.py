"""Expected values of the evidence that nobody has printed, each derived by a method that is not the engine's: closed forms of
moments, quadrature of densities, recursions on exact lattices, Fourier inversion. Nothing here imports the simulator.

A module per case has `document()`: what stands in tests/evidence/NAME.json. `python -m derivations` (in tests/) writes the
files anew; tests/test_derivations.py says whether they still are what the derivations yield.
"""
