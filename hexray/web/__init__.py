"""The page on which people play and analyse, served on this machine."""
