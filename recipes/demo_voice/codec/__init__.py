"""The codec of the embedded voice: latents, codebooks and decoder trained on speech."""
