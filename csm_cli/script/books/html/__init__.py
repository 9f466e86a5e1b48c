"""What the elements of a page are: blocks, hidden text, marks of notes, powers, drop caps, tables."""
