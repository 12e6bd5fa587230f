"""HTP, the Hex text protocol: hexray as an engine, and as the driver of other engines."""
