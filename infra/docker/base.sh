#!/usr/bin/env bash
# Makes the images talos-base:local and talos-build:local without any registry: this machine's Node 24 and the three programs the
# supervisor's guard needs, the shared libraries they and the installed native modules load, a CA bundle, a user. Nothing else.
# Usage: infra/docker/base.sh   (docker reads DOCKER_HOST as usual; the dependencies must be installed)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
files=$work/base/rootfs

node=$(node --print process.execPath)
case $(node --version) in v24.*) ;; *) echo "base.sh: Node 24 is needed on the PATH, this is $(node --version)" >&2; exit 1 ;; esac

# copy_libraries FILE: every library the loader would load for it, at the path where it looks
copy_libraries() {
  ldd "$1" | grep -o '/[^ ]*' | while read -r library; do
    [ -e "$files$library" ] || install -D -m 755 "$library" "$files$library"
  done
}

# copy_program FILE PATH: the program at this path of the image, with its libraries
copy_program() {
  install -D -m 755 "$1" "$files$2"
  copy_libraries "$1"
}

copy_program "$node" /usr/local/bin/node
for name in sh grep sleep; do copy_program "$(command -v "$name")" "/bin/$name"; done
for module in "$root"/node_modules/@temporalio/core-bridge/releases/"$(uname -m)"-*-linux-gnu/index.node; do copy_libraries "$module"; done

mkdir -p "$files"/{etc/ssl/certs,home/node,tmp}
chmod 1777 "$files/tmp"
cp -L /etc/ssl/certs/ca-certificates.crt "$files/etc/ssl/certs/"
printf 'root:x:0:0:root:/:/sbin/nologin\nnode:x:1000:1000:node:/home/node:/sbin/nologin\n' >"$files/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' >"$files/etc/group"
printf 'hosts: files dns\n' >"$files/etc/nsswitch.conf"
cat >"$work/base/Dockerfile" <<'END'
FROM scratch
COPY rootfs /
ENV PATH=/usr/local/bin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
END

# The build image brings the installed production dependencies; install.ts uses them where the lock file is the same.
mkdir -p "$work/build/node_modules"
(cd "$root" && node --input-type=module --eval "
  import { existsSync, readFileSync } from 'node:fs';
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const top = Object.entries(packages).filter(([path, { dev }]) => path.lastIndexOf('node_modules/') === 0 && !dev);
  console.log(top.map(([path]) => path).filter((path) => existsSync(path)).join('\n'));
") | tar -C "$root" -cf - -T - | tar -C "$work/build" -xf -
cp "$root/package-lock.json" "$work/build/node_modules/.installed-lock.json"
printf 'FROM talos-base:local\nCOPY node_modules /app/node_modules\n' >"$work/build/Dockerfile"

export DOCKER_BUILDKIT=0
docker build --quiet --tag talos-base:local "$work/base"
docker build --quiet --tag talos-build:local "$work/build"
