"""Mean, variance and a tail probability of every stochastic law, at two horizons and for three sets of parameters, in
closed form or by an exact recursion. Each module is one law; `family.py` makes the checks of it.
"""
