"""Instruments for the one who trains: what a network would do, and what is wrong with a run."""
