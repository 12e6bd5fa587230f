"""The network: model, loss, training, inference and checkpoints."""
