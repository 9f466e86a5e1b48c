"""What the project itself needs to make and to measure what it ships; not part of the wheel."""
