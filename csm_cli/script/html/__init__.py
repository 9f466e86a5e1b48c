"""What the elements of a page of a book are: blocks, hidden text, marks of notes, powers, drop caps, tables."""
