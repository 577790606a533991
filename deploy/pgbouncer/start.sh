#!/bin/sh
# Fills the template in from the environment and becomes PgBouncer. The password is in no argument and no image.
set -eu
umask 077
: "${POSTGRES_PASSWORD:?}"
export PGBOUNCER_SERVER="host=${POSTGRES_HOST:-postgres} port=5432"
export PGBOUNCER_DATABASE="${POSTGRES_DB:-dibs}"
export PGBOUNCER_READERS="${PGBOUNCER_READERS:-20}" PGBOUNCER_WRITERS="${PGBOUNCER_WRITERS:-8}"
export PGBOUNCER_LISTEN="0.0.0.0" PGBOUNCER_PORT="6432" PGBOUNCER_SOCKETS=""
export PGBOUNCER_AUTH="scram-sha-256" PGBOUNCER_USERS="/tmp/users.txt"
export PGBOUNCER_PREPARED="max_prepared_statements = 500"
quoted=$(printf %s "$POSTGRES_PASSWORD" | sed 's/"/""/g')
printf '"%s" "%s"\n' "${POSTGRES_USER:-dibs}" "$quoted" > "$PGBOUNCER_USERS"
envsubst < /etc/dibs/pgbouncer.ini > /tmp/pgbouncer.ini
exec pgbouncer /tmp/pgbouncer.ini
