"""Audio: reading, stitching a chapter, its timeline, encoding. float32 mono in, files out; no torch."""
