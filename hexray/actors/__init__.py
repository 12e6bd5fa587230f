"""The bodies of the actors: plain classes that know nothing of Ray."""
