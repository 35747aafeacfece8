#!/usr/bin/env bash
# PID 1 of the node's namespaces: a machine of its own for the daemons, each of which is run once its arguments are in
# $FOLDER/arguments, and again whenever it ends. When standard input ends, so does this, and with it everything in the namespaces.
set -euo pipefail
cd "$FOLDER"

# the kubelet and runc pass mounts on below this
mount --make-rshared /
# What daemons write by default is ours here. On an overlay, which container machines often have for a disk, containerd cannot lay its own.
mkdir -p var
[ "$(stat --file-system --format=%T .)" != overlayfs ] || mount -t tmpfs var var
for path in lib log; do
  mkdir -p "var/$path"
  mount --bind "var/$path" "/var/$path"
done
mount -t tmpfs -o mode=755 run /run
# the two folders of the control plane's host that docs/kube-apiserver.md names
mkdir -p etc opt /run/etc/upper /run/etc/work
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work etc /etc
[ ! -d /opt ] || mount -t tmpfs -o mode=755 opt /opt
for path in etc opt; do
  mkdir "/$path/countersign"
  mount --bind "$path" "/$path/countersign"
done

# The kubelet writes these, for the whole machine, where they read otherwise than it wants.
mkdir tunables
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file="tunables/$(tr / _ <<<"${setting%=*}")"
  echo "${setting#*=}" >"$file"
  mount --bind "$file" "/proc/sys/${setting%=*}"
done

# A bridge without ports, because loopback is refused as a node's address, with a default route through it, because the address of
# a Service needs some route before it is rewritten.
ip link set lo up
ip link add node0 type bridge
ip addr add "$NODE_NETWORK" dev node0
ip link set node0 up
ip route add default dev node0
echo 1 >/proc/sys/net/ipv4/ip_forward

keep() {
  local arguments
  while true; do
    if [ -e "arguments/$1" ]; then
      mapfile -t arguments <"arguments/$1"
      "${arguments[@]}" </dev/null >>"logs/$1.log" 2>&1 &
      echo $! >"pids/$1"
      wait $! || echo "ended with $?" >>"logs/$1.log"
    fi
    sleep 0.1
  done
}

declare -A kept
touch ready
while true; do
  for file in arguments/*; do
    name="${file##*/}"
    if [ -e "$file" ] && [ -z "${kept[$name]:-}" ]; then
      kept[$name]=yes
      keep "$name" &
    fi
  done
  status=0
  read -r -t 0.1 || status=$?
  # above 128 it is the time limit
  [ "$status" -eq 0 ] || [ "$status" -gt 128 ] || exit 0
done
