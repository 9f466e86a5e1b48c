"""`csm serve`: speech for other programs, through the interface that OpenAI's clients speak."""
