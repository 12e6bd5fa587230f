"""A whole run on one page that needs nothing else."""
