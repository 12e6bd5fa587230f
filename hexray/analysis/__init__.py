"""What a network thinks of a position, of a game, and of many at once."""
