#!/bin/sh
# Renders every script of this folder into out/, one folder each; goes on after a failure and reports it.
# Usage: scripts_examples/batch.sh [options for csm render]
cd "$(dirname "$0")/.." || exit 1
failed=0
for s in scripts_examples/*.yaml scripts_examples/*.md; do
  name=$(basename "$s")
  [ "$name" = README.md ] && continue
  csm render "$s" -o "out/${name%.*}" "$@" || { echo "failed ($?): $s" >&2; failed=1; }
done
exit "$failed"
