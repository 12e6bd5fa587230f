"""Playing: self-play, and positions with a known answer."""
