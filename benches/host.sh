#!/usr/bin/env bash
# Figures of the daemon, in network namespaces of this script's own:
#   cargo build --release --package underpass-host && bash benches/host.sh target/release/underpass
# It needs root, iproute2 and nftables; for what it is held against wireguard-tools, iperf3, and wireguard-go or
# boringtun (`cargo install boringtun-cli`), which are left out where they are not.
set -Eeuo pipefail
program=$(realpath "$1")
scratch=$(mktemp -d)
tag=up$$
pids=()

end() {
    local code=$?
    for pid in "${pids[@]+"${pids[@]}"}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]+"${pids[@]}"}"; do wait "$pid" 2>/dev/null || true; done
    for name in home nat net; do ip netns del "$tag-$name" 2>/dev/null || true; done
    rm -rf "$scratch"
    exit "$code"
}
trap end EXIT

within() { ip netns exec "$tag-$1" "${@:2}"; }

# home 192.168.1.2 - NAT 192.168.1.1, 203.0.113.1 - net 203.0.113.9
lay() {
    for name in home nat net; do
        ip netns add "$tag-$name"
        ip -n "$tag-$name" link set lo up
    done
    ip -n "$tag-home" link add lan type veth peer name lan netns "$tag-nat"
    ip -n "$tag-nat" link add wan type veth peer name wan netns "$tag-net"
    ip -n "$tag-home" address add 192.168.1.2/24 dev lan
    ip -n "$tag-nat" address add 192.168.1.1/24 dev lan
    ip -n "$tag-nat" address add 203.0.113.1/24 dev wan
    ip -n "$tag-net" address add 203.0.113.9/24 dev wan
    for place in home.lan nat.lan nat.wan net.wan; do
        ip -n "$tag-${place%.*}" link set "${place#*.}" up
    done
    ip -n "$tag-home" route add default via 192.168.1.1
    within nat sysctl -qw net.ipv4.ip_forward=1
    within nat nft 'table ip home { chain out_nat { type nat hook postrouting priority 100; oifname wan masquerade; }; }'
}

# Makes and starts a daemon: its name, its namespace, where it listens, and what else `init` is told.
up() {
    local name=$1 place=$2 listen=$3
    "$program" init "$scratch/$name" --listen "$listen" --api 127.0.0.1:0 "${@:4}" >"$scratch/$name.init"
    [[ -z ${LIMITS:-} ]] || sed -i "1i limits = \"$LIMITS\"" "$scratch/$name/underpass.toml"
    ip netns exec "$tag-$place" "$program" up --config "$scratch/$name/underpass.toml" \
        --set log.level=warn >"$scratch/$name.hello" 2>"$scratch/$name.log" &
    pids+=($!)
}

ready() {
    until grep --quiet --no-messages 'API at' "$scratch/$1.hello"; do
        sleep 0.01
    done
}

id_of() { "$program" id --config "$scratch/$1/underpass.toml"; }

ask() {
    local name=$1 place=$2 api
    api=$(sed 's!.*API at http://\(.*\)/!\1!' "$scratch/$name.hello")
    within "$place" "$program" "${@:3}" --config "$scratch/$name/underpass.toml" --set "api.listen=$api"
}

bench() {
    local from=$1 to=$2 size
    for size in 64 1120 65536; do
        printf '  %6d bytes  ' "$size"
        ask "$from" "${3:-net}" bench "$to" --size "$size" --secs 5
    done
}

lay
up server net 203.0.113.9:4747
ready server
server=$(id_of server)
secret=$scratch/server/network.secret

start=$(date +%s%N)
up first net 203.0.113.9:0 --secret "$secret" --peer "underpass://$server@203.0.113.9:4747"
pids_first=${pids[-1]}
ready first
ask first net send "$server" x >"$scratch/first.out"
echo "from the start of a process to its first message's acknowledgement: $((($(date +%s%N) - start) / 1000000)) ms"
kill "$pids_first"

echo "over loopback, 64 messages at once"
up near net 203.0.113.9:4748 --secret "$secret" --peer "underpass://$server@203.0.113.9:4747"
ready near
ask near net ping "$server" --count 1 >"$scratch/ping.out"
bench near "$server"

echo "through a NAT of the kernel's, 64 messages at once"
up far home 0.0.0.0:4747 --secret "$secret" --peer "underpass://$server@203.0.113.9:4747"
ready far
ask far home ping "$server" --count 1 >"$scratch/ping.out"
bench far "$server" home

# What it is held against: WireGuard in user space, through the same NAT, the TCP connection of iperf3 in it.
tunnel() {
    local name=$1 side
    shift
    within home "$@" wg-home >"$scratch/wg" 2>&1
    within net "$@" wg-net >"$scratch/wg" 2>&1
    within net wg set wg-net listen-port 51820 private-key "$scratch/net.key" \
        peer "$(cat "$scratch/home.pub")" allowed-ips 10.9.0.2/32
    within home wg set wg-home private-key "$scratch/home.key" \
        peer "$(cat "$scratch/net.pub")" allowed-ips 10.9.0.1/32 endpoint 203.0.113.9:51820
    ip -n "$tag-net" address add 10.9.0.1/24 dev wg-net
    ip -n "$tag-home" address add 10.9.0.2/24 dev wg-home
    ip -n "$tag-net" link set wg-net mtu 1420 up
    ip -n "$tag-home" link set wg-home mtu 1420 up
    within net iperf3 --server --one-off >"$scratch/iperf" 2>&1 &
    pids+=($!)
    sleep 1
    printf '%s through the same NAT, TCP by iperf3: ' "$name"
    within home iperf3 --client 10.9.0.1 --time 5 --json |
        python3 -c 'import json, sys; print(round(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e6), "Mbit/s")'
    # Without its interface it ends.
    for side in home net; do
        ip -n "$tag-$side" link del "wg-$side"
        rm -f "/var/run/wireguard/wg-$side.sock"
    done
}

if command -v wg iperf3 >"$scratch/found" && [[ -c /dev/net/tun ]]; then
    umask 077
    for side in home net; do wg genkey | tee "$scratch/$side.key" | wg pubkey >"$scratch/$side.pub"; done
    for program_of_wg in wireguard-go "boringtun-cli --disable-drop-privileges"; do
        if command -v "${program_of_wg%% *}" >"$scratch/found"; then
            # shellcheck disable=SC2086 # its options are words of their own
            tunnel "${program_of_wg%% *}" $program_of_wg
        else
            echo "${program_of_wg%% *}: not measured, as it is not installed"
        fi
    done
else
    echo "WireGuard: not measured, as wireguard-tools or iperf3 is not installed"
fi

for number in $(seq 100); do
    LIMITS=board up "peer$number" net 203.0.113.9:0 --secret "$secret" --peer "underpass://$server@203.0.113.9:4747"
done
for number in $(seq 100); do ready "peer$number"; done
until [[ $(ask server net status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["active"])') -ge 100 ]]; do
    sleep 0.2
done
pid=${pids[0]}
# `ip netns exec` becomes the program.
ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
before=$(ticks)
sleep 20
spent=$(($(ticks) - before))
echo "idle with 100 peers: $(awk "BEGIN { printf \"%.2f\", $spent / $(getconf CLK_TCK) / 20 * 100 }") % of a core, $(awk '/VmRSS/ { print int($2 / 1024) }' "/proc/$pid/status") MB resident"
