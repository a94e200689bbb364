# shellcheck shell=bash
# What ./demo --private-key tells: the application server is Debian's nginx, which does its handshakes by itself, with a
# certificate and a file that only names the key. The key store has the key, and signs.

targets=(baton-keystore baton baton-provider)
server=nginx
server_user=www-data
key_store_user=nobody

write_configurations() {
  cat >"$work/keystore/keystore.toml" <<END
$(key_store_link)

[[application_server]]
identity = "app1.internal"
names = ["$name"]
offload = ["signing"]

[[tenant]]
names = ["$name"]
certificates = [{ chain = "$name.crt", private_key = "$name.key" }]
offload = ["signing"]
END
  application_server_link >"$work/nginx/provider.toml"
  sed "s#^module = .*#module = $work/baton.so#; s#^config = .*#config = $work/nginx/provider.toml#" \
    packaging/examples/openssl.cnf >"$work/nginx/openssl.cnf"
  cp "$work/keystore/$name.crt" "$work/nginx/"
  build/release/bin/baton key-uri "$work/nginx/$name.crt" >"$work/nginx/$name.key"
  mkdir "$work/nginx/www" "$work/nginx/temp"
  printf '<!doctype html><title>Baton</title><h1>Served with a key that is elsewhere</h1>\n' >"$work/nginx/www/index.html"
  cat >"$work/nginx/nginx.conf" <<END
daemon off; pid $work/nginx/pid; error_log $work/nginx/error.log; worker_processes 1;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path $work/nginx/temp; proxy_temp_path $work/nginx/temp; fastcgi_temp_path $work/nginx/temp;
  scgi_temp_path $work/nginx/temp; uwsgi_temp_path $work/nginx/temp;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_tickets off;  # each new connection is to need a signature
  server {
    listen 127.0.0.1:$port ssl;
    ssl_certificate $work/nginx/$name.crt;
    ssl_certificate_key $work/nginx/$name.key;
    root $work/nginx/www;
  }
}
END
}

start() {
  chmod 755 "$work"
  chmod 700 "$work/keystore" "$work/nginx"
  chmod 600 "$work"/*.key
  # All that the two users can read of Baton.
  install -m 755 build/release/bin/baton-keystore build/release/lib/ossl-modules/baton.so "$work/"
  $as_root chown -R "$key_store_user:$(id -gn $key_store_user)" "$work/keystore"
  $as_root chown -R "$server_user:$(id -gn $server_user)" "$work/nginx"
  start_key_store
  become $server_user env OPENSSL_CONF="$work/nginx/openssl.cnf" nginx -c "$work/nginx/nginx.conf" \
    -e "$work/nginx/error.log" 2>"$work/nginx.log" &
  pids+=($!)
  wait_until "nginx serves" page_by_curl
}

starts() { grep -c "event=started " "$work/keystore.log" || true; }

more_starts_than() { [ "$(starts)" -gt "$1" ]; }

start_key_store() {
  local before
  touch "$work/keystore.log"
  before=$(starts)
  become $key_store_user sh -c 'echo $$ >"$0"; exec "$@"' "$work/keystore/pid" "$work/baton-keystore" \
    --config "$work/keystore/keystore.toml" 2>>"$work/keystore.log" &
  key_store_job=$!
  pids+=("$key_store_job")
  wait_until "the key store starts" more_starts_than "$before"
  key_store_pid=$($as_root cat "$work/keystore/pid")
}

wait_until() {  # wait_until WHAT COMMAND...: for 10 s
  local _
  for _ in $(seq 100); do
    "${@:2}" 2>/dev/null && return
    sleep 0.1
  done
  die "not within 10 s: $1"
}

is_the_page() { cmp -s - <($as_root cat "$work/nginx/www/index.html"); }

page_by_curl() { curl_page --tlsv1.3 | is_the_page; }

curl_page() {
  curl -fsS --max-time 20 --resolve "$name:$port:127.0.0.1" --cacert "$work/public-ca.crt" "https://$name:$port/" "$@"
}

s_client() {  # s_client [options]: a connection whose input and output are HTTP
  openssl s_client -quiet -connect "127.0.0.1:$port" -servername "$name" -verify_hostname "$name" \
    -verify_return_error -CAfile "$work/public-ca.crt" "$@" 2>/dev/null
}

page_by_openssl() {
  printf 'GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$name" | s_client -tls1_2 | sed '1,/^\r$/d' |
    is_the_page
}

# A connection that stays open, as coprocess CLIENT.
page_on_the_open_connection() {
  local line
  printf 'GET / HTTP/1.1\r\nHost: %s\r\n\r\n' "$name" >&"${CLIENT[1]}"
  while IFS= read -r -t 10 line <&"${CLIENT[0]}"; do
    [ "$line" != '<!doctype html><title>Baton</title><h1>Served with a key that is elsewhere</h1>' ] || return 0
  done
  return 1
}

signatures() { grep -c "event=signature_signed .*kind=$1" "$work/keystore.log" || true; }

# --- what has to hold, one after the other; each tells its part ---

key_is_out_of_reach() {
  as_user $server_user cat "$work/keystore/$name.key" >/dev/null 2>&1 && die "nginx's user can read the private key"
  $as_root grep -l "BEGIN.*PRIVATE KEY" "$work"/nginx/* 2>/dev/null | grep -v /link.key && die "a key is on nginx's disk"
  say ""
  say "  server              $(nginx -v 2>&1 | sed 's/^.*: //'), as Debian has it, pid $(nginx_pid), user $server_user; OPENSSL_CONF loads baton.so"
  say "  its key file        $($as_root grep ^baton: "$work/nginx/$name.key")"
  say "                      names the key and holds none. link.key beside it tells the key store who asks, no client"
  say "  key store           pid $key_store_pid, user $key_store_user, holds the key; $server_user can read none of its files"
}

nginx_pid() { $as_root cat "$work/nginx/pid"; }

both_versions_are_served() {
  local before audit
  before=$(signatures tls13-server)
  page_by_curl || die "curl did not get the page"
  [ "$(signatures tls13-server)" -gt "$before" ] || die "the key store did not sign for TLS 1.3"
  audit=$(grep "event=signature_signed .*kind=tls13-server" "$work/keystore.log" | tail -n 1)
  before=$(signatures tls12-server)
  page_by_openssl || die "openssl s_client did not get the page"
  [ "$(signatures tls12-server)" -gt "$before" ] || die "the key store did not sign for TLS 1.2"
  say "  TLS 1.3             curl $(curl --version | sed -n '1s/^curl \([^ ]*\).*/\1/p'): page identical"
  say "  TLS 1.2             openssl s_client $(openssl version | cut -d' ' -f2): page identical"
  say "  audit log           signature_signed $(printf '%s\n' $audit | grep -E '^(application_server|kind|scheme)=' | xargs)"
  say "                      $(printf '%s\n' $audit | grep ^transcript_hash=)"
}

memory_holds_no_key() {
  local searched
  # shellcheck disable=SC2046
  searched=$($as_root packaging/demo/search_memory.py "$work/keystore/$name.key" $(nginx_pid) \
    $($as_root cat "/proc/$(nginx_pid)/task/$(nginx_pid)/children")) || die "the key is in nginx's memory: $searched"
  say "  nginx's memory      $searched"
  searched=$($as_root packaging/demo/search_memory.py "$work/keystore/$name.key" "$key_store_pid") &&
    die "the search does not even find the key in the key store"
  say "  key store's memory  $searched, as it has to be"
}

forgery_is_refused() {
  local before said
  before=$(grep -c event=signature_signed "$work/keystore.log")
  said=$(as_user $server_user env OPENSSL_CONF="$work/nginx/openssl.cnf" openssl dgst -sha256 \
    -sign "$work/nginx/$name.key" "$work/nginx/$name.crt" 2>&1 >/dev/null) && die "openssl dgst got a signature"
  [ "$(grep -c event=signature_signed "$work/keystore.log")" -eq "$before" ] || die "the key store has signed a forgery"
  said=$(grep -aom 1 '[^:]*TLS[^:]*' <<<"$said") || die "no reason is given"
  say "  forged request      openssl dgst -sign, with all that nginx has: refused by baton.so, nothing was signed ($said)"
}

key_store_dies_and_comes_back() {
  local before said status=0 nginx_before
  nginx_before=$(nginx_pid)
  coproc CLIENT { s_client; }
  pids+=("$CLIENT_PID")
  page_on_the_open_connection || die "no page on a connection that stays open"
  $as_root kill -KILL "$key_store_pid"
  { wait "$key_store_job" || true; } 2>/dev/null  # where the shell tells of it
  before=$(date +%s%N)
  said=$(curl_page 2>&1) || status=$?
  [ $status -eq 35 ] && [[ $said == *alert* ]] || die "without a key store curl ended with $status: $said"
  say "  key store killed    a new handshake fails after $((($(date +%s%N) - before) / 1000000)) ms, with an alert"
  page_on_the_open_connection || die "the open connection has died with the key store"
  say "                      an open connection goes on: page identical"
  start_key_store
  wait_until "nginx serves again" page_by_curl
  [ "$(nginx_pid)" = "$nginx_before" ] || die "nginx was restarted"
  say "  key store back      new handshakes succeed, with the same nginx"
}

check_and_tell() {
  key_is_out_of_reach
  both_versions_are_served
  memory_holds_no_key
  forgery_is_refused
  key_store_dies_and_comes_back
  say ""
  say "All of it held. The demo took $((SECONDS - started)) s."
}

logs() { echo "$work/nginx/error.log  $work/keystore.log"; }
