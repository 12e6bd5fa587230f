"""Train a strong Hex player by self-play on Ray."""

__version__ = "0.1.0"
