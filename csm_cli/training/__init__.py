"""Training loops for the codec and for CSM itself."""
