#!/bin/sh
# Makes the secrets that docker-compose.yml mounts, each in a file of its own: `sh deploy/make-secrets.sh [FOLDER] [HOST NAME…]`.
# What is there stays, so a second run changes nothing; put the hospital's own certificate into tls_certificate and tls_key before
# or after. Without one, a throw-away authority (tls_authority) and a certificate for the host names are made: for trials.
#
# The folder lets only its owner in. The files in it may be read by all, since each container reads its own as another account.
set -eu
umask 022
folder=${1:-deploy/secrets}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- "$(hostname)" localhost
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

random() { openssl rand -hex "$1"; }
missing() { [ ! -s "$1" ]; }
# Written beside and renamed: a file is whole or not there.
put() { printf '%s\n' "$2" >"$1.new" && mv "$1.new" "$1"; }

if missing postgres_password; then put postgres_password "$(random 24)"; fi
if missing database_url; then put database_url "postgres://antin:$(cat postgres_password)@postgres:5432/antin"; fi
if missing redis_auth; then put redis_auth "requirepass $(random 24)"; fi
if missing redis_url; then put redis_url "redis://:$(sed 's/^requirepass //' redis_auth)@redis:6379/0"; fi
if missing s3_access_key; then put s3_access_key "antin$(random 6)"; fi
if missing minio_root_user; then put minio_root_user "root$(random 6)"; fi
if missing minio_root_password; then put minio_root_password "$(random 24)"; fi
if missing s3_secret_key; then put s3_secret_key "$(random 24)"; fi

if missing tls_certificate || missing tls_key; then
  names=
  for name in "$@"; do names="${names:+$names,}DNS:$name"; done
  ec='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
  # shellcheck disable=SC2086 # options, to be split
  openssl req -x509 $ec -keyout tls_authority_key -out tls_authority -days 365 -subj '/CN=An Tin throw-away authority' \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null
  # shellcheck disable=SC2086
  openssl req $ec -keyout tls_key -out tls_request -subj "/CN=$1" 2>/dev/null
  printf 'subjectAltName=%s,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' "$names" >tls_extensions
  openssl x509 -req -in tls_request -CA tls_authority -CAkey tls_authority_key -CAcreateserial -days 365 \
    -extfile tls_extensions -out tls_certificate 2>/dev/null
  # Nobody can make a second certificate under this authority.
  rm -f tls_authority_key tls_authority.srl tls_request tls_extensions
fi
chmod 644 ./*
echo "Bí mật nằm trong (secrets are in): $(pwd)"
