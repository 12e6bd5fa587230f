"""What one step of training does to the entropy of the policy: predicted, and measured."""
