#!/usr/bin/env bash
# Packs the teachers and the texts into one archive, for a machine where nothing can be installed.
#
#   bundle.sh teach.tgz          on a Debian machine with flite, festival, festvox-us-slt-hts, fortunes,
#                                wamerican installed and wordnet-base unpacked under $WORDNET
#   tar -xzf teach.tgz -C DIR    on the other one; then FLITE=DIR/bin/flite FESTIVAL=DIR/bin/festival and the
#                                texts DIR/text/{fortunes,wordnet,words} go to csm_cli.demo.recipe.make
set -euo pipefail
archive=$(realpath -m "${1:?usage: bundle.sh ARCHIVE.tgz}")
wordnet=${WORDNET:-/usr/share/wordnet}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{bin,lib,share,text/fortunes,text/wordnet}

for program in flite festival; do
    binary=$(command -v $program)
    cp -L "$binary" "$work/lib/$program.real"
    # The C library stays the other machine's own.
    ldd "$binary" | awk '$3 ~ /^\// {print $3}' | grep -vE '/(libc|libm|libstdc\+\+|libgcc_s|libpthread|libdl)\.so' |
        xargs -I{} cp -Ln {} "$work/lib/"
done
cp -rL /usr/share/festival "$work/share/"
find "$work/share/festival" -name '*.gz' -delete
cat >"$work/bin/flite" <<'END'
#!/bin/sh
here=$(dirname "$(dirname "$(readlink -f "$0")")")
LD_LIBRARY_PATH=$here/lib exec "$here/lib/flite.real" "$@"
END
cat >"$work/bin/festival" <<'END'
#!/bin/sh
here=$(dirname "$(dirname "$(readlink -f "$0")")")
LD_LIBRARY_PATH=$here/lib exec "$here/lib/festival.real" --datadir "$here/share/festival" \
    --libdir "$here/share/festival" "$@"
END
chmod +x "$work"/bin/*

find /usr/share/games/fortunes -maxdepth 1 -type f ! -name '*.*' -exec cp {} "$work/text/fortunes/" \;
cp "$wordnet"/data.{noun,verb,adj,adv} "$work/text/wordnet/"
cp -L /usr/share/dict/words "$work/text/words"
tar -czf "$archive" -C "$work" .
ls -l "$archive"
