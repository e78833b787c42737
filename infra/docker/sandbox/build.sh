#!/usr/bin/env bash
# Builds the image of the sandbox containers without any registry, from this machine's Node 24 and Python 3.
# Usage: infra/docker/sandbox/build.sh   (docker reads DOCKER_HOST as usual; a socket proxy that runs keeps to the image it knows)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $(node --version) in v24.*) ;; *) echo "build.sh: Node 24 is needed on the PATH, this is $(node --version)" >&2; exit 1 ;; esac
# From within the folder: its name may hold what is no name to a program.
image=$(cd "$root" && node --input-type=module --eval "import { sandboxImage } from './domain/sandbox/container.ts'; console.log(sandboxImage)")

# The tree holds all that is needed to make it again.
node "$root/infra/docker/sandbox/tree.ts" "$work/tree"
printf 'FROM scratch\nCOPY tree /\nENV PATH=/usr/local/bin\n' >"$work/Dockerfile"

export DOCKER_BUILDKIT=0
docker build --quiet --tag talos-sandbox-base:local "$work"
docker build --quiet --tag "$image" --network none --build-arg BASE=talos-sandbox-base:local --file "$root/infra/docker/sandbox/Dockerfile" "$root"
