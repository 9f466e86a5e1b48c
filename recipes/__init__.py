"""How what ships with csm is made; none of it is in the wheel."""
