//! What `underpass init` writes.

/// A configuration with every key, most of them as comments that say what holds without them.
pub(crate) fn template(network: &str) -> String {
    let name = toml::Value::String(network.into());
    format!(
        r##"# Underpass: what this host does in its network. `underpass check-config` finds mistakes.
# Paths are relative to this file. UNDERPASS_LISTEN and the like count for more than this file, flags
# for more than these.

# key_file = "identity.key"        # who this node is; mode 0600
# state_file = "state.redb"        # whom it knew, so that a restart reconnects at once
# listen = ["0.0.0.0:4747", "[::]:4747"]

# Whom it calls: by key and address, by key alone (found at relays), or whoever is at an address.
# peers = ["underpass://ID@example.org:4747", "ID", "192.0.2.1:4747"]
peers = []

relay = true                       # carry, for members, what it cannot read; or how much:
# relay = {{ circuit = "1mbit", peer = "2mbit", all = "10mbit", reservations = 128, circuits = 16 }}
# foreign_relays = ["underpass://ID@example.org:4747"]   # of other networks, to be found through

# limits = "host"                  # or "board", or {{ peers = 1024, buffer = "4MiB" }}
# ping_interval = "10s"
# message_lifetime = "60s"

discoverable = true                # every member may find it; false: it only finds others; neither if left out
# tags = ["films"]                 # what it is found by
# newcomers = true                 # newcomers are sent to it: for a node that anybody reaches

[network]
name = {name}
# secret_file = "network.secret"   # the same for all members; mode 0600
# previous_secret_file = "..."     # while it is being changed
# open = true                      # no secret: whoever knows the name and a key is a member

# [access]                         # "network", "listed", "pinned" or "nobody"
# answers = "network"              # who gets an answer at all
# messages = "network"             # whose messages count
# relays = "network"               # for whom it relays
# allow = ["ID"]                   # listed, beside `peers`

[api]
# enabled = true
# listen = "127.0.0.1:4780"        # the status page is there, too
# token_file = "api.token"         # who can read it may do everything; mode 0600
# hosts = []                       # names by which it may be called, beside its address

[log]
# level = "info"                   # off, error, warn, info, debug, trace
# format = "pretty"                # or "json"

# What runs when a message comes; what it prints is the reply.
# [[script]]
# kind = 7
# body = "load"                    # only for this body; any if left out
# run = "uptime"                   # for the platform's shell; the body is its input
# allow = ["ID"]                   # or ["network"]
# timeout = "10s"
# output = "64KiB"
# at_once = 4
"##
    )
}
