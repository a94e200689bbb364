# shellcheck shell=bash
# What ./demo tells: the application server is baton-proxy, which holds nothing; the key store does the handshakes.

targets=(baton-keystore baton-proxy)
server=proxy

write_configurations() {
  cat >"$work/keystore/keystore.toml" <<END
serialization_version = 1

$(key_store_link)

[[application_server]]
identity = "app1.internal"
names = ["$name"]

[[tenant]]
names = ["$name"]
certificates = [{ chain = "$name.crt", private_key = "$name.key" }]
alpn = ["http/1.1"]
END
  cat >"$work/proxy/proxy.toml" <<END
[[listener]]
name = "https"
listen = ["127.0.0.1:$port", "[::1]:$port"]
backend = "127.0.0.1:$backend_port"

$(application_server_link)
END
  [ -e /proc/net/if_inet6 ] || sed -i 's/, "\[::1\]:[0-9]*"//' "$work/proxy/proxy.toml"
  mkdir -p "$work/nginx/www"
  printf '<!doctype html><title>Baton</title><h1>Served without a key</h1>\n' >"$work/nginx/www/index.html"
  head -c 100000000 /dev/urandom >"$work/nginx/www/100MB.bin"
  cat >"$work/nginx/nginx.conf" <<END
daemon off; pid $work/nginx/pid; error_log $work/nginx/error.log; worker_processes 1;
events { worker_connections 256; }
http { access_log off; server { listen 127.0.0.1:$backend_port; root $work/nginx/www; } }
END
}

start() {
  chmod 755 "$work" "$work/proxy"
  chmod 700 "$work/keystore"
  chmod 600 "$work"/*.key
  $as_root chown -R nobody:nogroup "$work/proxy"
  $as_root nginx -c "$work/nginx/nginx.conf" -e "$work/nginx/error.log" &
  pids+=($!)
  build/release/bin/baton-keystore --config "$work/keystore/keystore.toml" 2>"$work/keystore/keystore.log" &
  pids+=($!)
  wait_for "$work/keystore/keystore.log" started
  # The configuration, its certificate and its program are all that this user can read.
  install -m 755 build/release/bin/baton-proxy "$work/baton-proxy"
  become nobody "$work/baton-proxy" --config "$work/proxy/proxy.toml" 2>"$work/proxy.log" &
  pids+=($!)
  wait_for "$work/proxy.log" link_up
}

fetch_and_compare() {
  local file
  fetch / "$work/index.html" || die "curl did not get the page"
  fetch /100MB.bin "$work/100MB.bin" -w '%{speed_download}' >"$work/speed" || die "curl did not get the file"
  for file in index.html 100MB.bin; do
    cmp "$work/$file" "$work/nginx/www/$file" || die "$file arrived changed"
  done
}

proxy_holds() { as_user nobody sh -c "cat '$work/keystore/$name.key'" >/dev/null 2>&1; }

tell() {
  local keystore_log=$work/keystore/keystore.log proxy_log=$work/proxy.log
  proxy_holds && die "the application server's user can read the private key"
  local files
  files=$(cd "$work/proxy" && echo *)
  say ""
  say "  client              curl $(curl --version | sed -n '1s/^curl \([^ ]*\).*/\1/p'), unmodified, asked https://$name:$port/"
  say "  handshake           at the key store (pid ${pids[1]}): $(field "$keystore_log" handshake_handed_off version)," \
    "$(field "$keystore_log" handshake_handed_off suite), $(field "$keystore_log" handshake_handed_off group)," \
    "$(field "$keystore_log" handshake_handed_off signature)"
  say "  application server  pid ${pids[2]}, user nobody, holds: $files"
  say "                      no certificate or key of $name; its user may not read the key store's files"
  say "  crossed the link    $(field "$proxy_log" established relayed_in) bytes of the client," \
    "$(field "$proxy_log" established relayed_out) bytes for it, relayed unparsed;"
  say "                      then the serialized connection, $(field "$proxy_log" established serialized_bytes) bytes, inside mutual TLS 1.3"
  say "  time                handshake $(field "$proxy_log" established handshake_us) µs at the application server," \
    "$(field "$keystore_log" handshake_handed_off us) µs of it at the key store"
  say "  page                $(wc -c <"$work/index.html") bytes, identical"
  say "  file                100000000 bytes, identical, $(awk '{printf "%.0f", $1 / 1000000}' "$work/speed") MB/s"
  say ""
  say "Every byte matched. The demo took $((SECONDS - started)) s."
}

check_and_tell() {
  fetch_and_compare
  tell
}

logs() { echo "$work/proxy.log  $work/keystore/keystore.log"; }
