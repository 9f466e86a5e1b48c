"""The embedded demo voice: a small CSM trained by this project, and the recipe that made it."""

from pathlib import Path

DEMO_CHECKPOINT = Path(__file__).parent / "demo"
