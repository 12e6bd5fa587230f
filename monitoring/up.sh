#!/bin/sh
# Brings up Prometheus and Grafana for the runs of this user, or says what is missing.
set -eu
cd "$(dirname "$0")"

missing() {
    echo "make dashboard needs Docker with Compose, and $1; monitoring/README.md does without" >&2
    exit 1
}

command -v docker > /dev/null || missing "there is no docker here"
docker compose version > /dev/null 2>&1 || missing "its plugin compose is not installed"
docker info > /dev/null 2>&1 || missing "its daemon does not answer (docker info)"

mkdir -p "$HOME/.cache/hexray/prometheus"
docker compose -f compose.yaml up -d
echo "Grafana http://127.0.0.1:3000, Prometheus http://127.0.0.1:9090; make dashboard-stop ends both"
