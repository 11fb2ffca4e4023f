"""The pure core: what is decided, and why. It knows the standard library and nothing else."""
