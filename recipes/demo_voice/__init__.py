"""How the embedded voice is made: texts → teachers → codec → codes → voice → evaluation. See
docs/demo-voice.md."""
