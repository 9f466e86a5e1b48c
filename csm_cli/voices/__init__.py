"""Voices: named reference clips with their transcripts, in the project, the user's folder and the package."""
