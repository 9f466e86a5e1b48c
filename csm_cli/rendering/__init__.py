"""From script to chapter files: plan, context, takes, checks, and the loop that ties them together."""
