# Two daemons that know each other, `a` and `b`, gone with the shell. To be sourced.
scratch=$(mktemp -d)
pids=()

end() {
    local code=$?
    for pid in "${pids[@]+"${pids[@]}"}"; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in "${pids[@]+"${pids[@]}"}"; do
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$scratch"
    exit "$code"
}
trap end EXIT

# Starts one, and waits until it says where it is.
up() {
    "$program" up --config "$scratch/$1/underpass.toml" >"$scratch/$1.hello" 2>"$scratch/$1.log" &
    pids+=($!)
    until grep --quiet --no-messages 'API at' "$scratch/$1.hello"; do
        kill -0 "${pids[-1]}" || { cat "$scratch/$1.log"; return 1; }
        sleep 0.1
    done
}

api_of() {
    sed 's!.*API at http://\(.*\)/!\1!' "$scratch/$1.hello"
}

two_daemons() {
    # Silent: a search would take as long as its walks do, each of many times.
    local any=(--silent --listen 127.0.0.1:0 --api 127.0.0.1:0) id place
    "$program" init "$scratch/a" "${any[@]}" >"$scratch/init"
    up a
    id=$("$program" id --config "$scratch/a/underpass.toml")
    place=$(sed 's/.* listens at \([^;]*\);.*/\1/' "$scratch/a.hello")
    "$program" init "$scratch/b" "${any[@]}" --secret "$scratch/a/network.secret" \
        --peer "underpass://$id@$place" >>"$scratch/init"
    up b
    "$program" ping "$id" --count 1 --config "$scratch/b/underpass.toml" \
        --set "api.listen=$(api_of b)" >"$scratch/ping"
}
