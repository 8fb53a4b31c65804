"""Pushes audiences: who a view names is in its audience after a run that ends with 0, and nobody else."""
