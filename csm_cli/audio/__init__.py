"""Audio: reading, stitching a chapter, its timeline, encoding. float32 mono arrays in, files out; no torch."""
