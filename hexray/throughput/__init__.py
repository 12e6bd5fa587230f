"""How fast the parts are, each against what it is made of, in one run on one machine."""
