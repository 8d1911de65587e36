#!/bin/sh
# Ask a running service to read pictures, with nothing but curl; exit 1 where it refuses one.
#
#     digits serve &
#     sh examples/classify.sh examples/five.png examples/noise.png
#
# SERVICE_URL names another service, SERVICE_KEY the key that it may ask for.
set -eu

url=${SERVICE_URL:-http://127.0.0.1:8000}
status=0

for picture in "$@"; do
    printf '%s: ' "$picture"
    # --fail-with-body shows why a picture was refused; --retry waits as long as a busy service asks for.
    curl --silent --show-error --fail-with-body --retry 3 --max-time 60 \
        --header "Authorization: Bearer ${SERVICE_KEY:-none}" \
        --header 'Content-Type: application/octet-stream' --data-binary "@$picture" \
        "$url/v1/classify" || status=1
done
exit "$status"
