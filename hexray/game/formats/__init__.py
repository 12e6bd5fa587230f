"""Games as other programs write them: trmph lines, SGF files, HexWorld links."""
