"""Sweeps: the same training as ``python -m hexray.loop``, many times, with other settings."""
