"""The engine: a scenario becomes a program of jitted steps, run over blocks of paths by a jitted month loop."""
