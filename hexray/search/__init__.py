"""Searches as conversations: MCTS with a Gumbel or PUCT root, and minimax."""
