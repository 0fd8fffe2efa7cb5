#!/usr/bin/env bash
# mpirun as the tests start it: as root too, and with more ranks than cores.
. "$(dirname "$0")/../../launch/env.sh"
exec mpirun "$@"
