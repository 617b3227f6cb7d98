"""How fast promotion moves bytes, beside the programs that others move them with."""
