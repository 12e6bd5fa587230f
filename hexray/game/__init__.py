"""The rules of Hex: boards, frames, planes, symmetry and notation."""
