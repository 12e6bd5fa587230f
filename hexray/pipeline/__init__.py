"""Training from files of games, step by step, each with a manifest."""
