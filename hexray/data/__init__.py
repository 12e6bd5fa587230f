"""Games and positions: from finished games to training batches, in memory and on disk."""
