#!/usr/bin/env bash
# The API against its own description: schemathesis makes requests of it, and holds the answers against it.
#   host/tests/browser/api.sh UNDERPASS FOLDER
# UNDERPASS is the program; what is found goes to FOLDER.
set -Eeuo pipefail
program=$(realpath "$1") out=$(realpath "$2")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/daemons.sh"

if ! command -v schemathesis >/dev/null; then
    python3 -m venv "$scratch/venv" >"$scratch/venv.log" 2>&1 &&
        "$scratch/venv/bin/pip" install --quiet 'schemathesis>=4,<5' >>"$scratch/venv.log" 2>&1 ||
        { echo "api: not run, as schemathesis cannot be installed:"; tail -n 3 "$scratch/venv.log"; exit 0; }
    PATH=$scratch/venv/bin:$PATH
fi
two_daemons
# It leaves notes where it runs.
cd "$scratch"
peer=$("$program" id --config "$scratch/b/underpass.toml")
# Of all peers that could be meant, the one that is there: nobody else is called.
# That it does not answer in time, or has no handler, is an answer, too.
cat >"$scratch/schemathesis.toml" <<END
[parameters]
"query.to" = "$peer"
"path.id" = "$peer"
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "502", "503", "504"]
END
# Without `/events`, which does not end, and `/bench`, which takes as long as it is told to.
schemathesis --config-file "$scratch/schemathesis.toml" run "http://$(api_of a)/openapi.json" \
    --header "Authorization: Bearer $(cat "$scratch/a/api.token")" \
    --url "http://$(api_of a)" --exclude-path /events --exclude-path /bench \
    --checks all --max-examples 40 --request-timeout 40 --max-response-time 40 --workers 2 --seed 1 \
    --no-color >"$out/schemathesis.txt" 2>&1 || { tail -n 80 "$out/schemathesis.txt"; exit 1; }
tail -n 12 "$out/schemathesis.txt"
