#!/bin/sh
# The server image's entry: `serve` (or nothing) runs the server, anything else is a command of the CLI.
case "${1-serve}" in
  serve) exec node /opt/vitrine/server.js ;;
  *) exec node /opt/vitrine/cli.js "$@" ;;
esac
