#!/bin/sh
# Submits a task with nothing but curl, waits for its end, and prints the job.
#
#   VITRINE_TOKEN=$(cat ~/.vitrine/token) sh examples/submit.sh "Print hello."
set -eu
url=${VITRINE_URL:-http://localhost:7080}/api/v1
auth="Authorization: Bearer $VITRINE_TOKEN"

# python3 makes the JSON, so that a task may hold quotes.
body=$(python3 -c 'import json, sys; print(json.dumps({"task": sys.argv[1]}))' "$1")
job=$(curl -fsS -X POST "$url/jobs" -H "$auth" -H 'content-type: application/json' -d "$body" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')

# The log ends only when the desktop is closed; the verdict is in it before that.
curl -fsSN -H "$auth" "$url/jobs/$job/logs?follow=true" | sed '/verdict:/q'
curl -fsS -H "$auth" "$url/jobs/$job"
echo
