#!/usr/bin/env bash
# The status page in a browser: it shows a peer, at a desk's width and at a phone's, and pictures are kept.
#   host/tests/browser/page.sh UNDERPASS FOLDER
set -Eeuo pipefail
program=$1 out=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/daemons.sh"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
[[ -n $browser ]] || { echo "page: not run, as there is no Chromium"; exit 0; }
two_daemons
peer=$("$program" id --config "$scratch/b/underpass.toml")
link=$("$program" status --link --config "$scratch/a/underpass.toml" --set "api.listen=$(api_of a)")

# Its clock runs ahead while it waits for answers, so that what comes later is there, too.
browse() {
    timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
        --user-data-dir="$scratch/profile" --virtual-time-budget=4000 --hide-scrollbars "$@" 2>"$scratch/browser"
}

fail() {
    echo "page: $1"
    tail -n 5 "$scratch/browser"
    exit 1
}

browse --dump-dom "$link" >"$out/page.html" || fail "the browser failed"
grep --quiet "$peer" "$out/page.html" || fail "the peer is not on the page"
grep --quiet 'active, direct' "$out/page.html" || fail "the path is not on the page"
browse --window-size=1000,900 --screenshot="$out/page.png" "$link" >/dev/null || fail "no picture"
browse --window-size=390,844 --screenshot="$out/page-phone.png" "$link" >/dev/null || fail "no picture"
# Without the token there is nothing to be seen but the question for it.
browse --dump-dom "${link%%#*}" >"$scratch/closed.html" || fail "the browser failed"
! grep --quiet "$peer" "$scratch/closed.html" || fail "the page shows a peer to whoever asks"
ls -l "$out/page.png" "$out/page-phone.png"
