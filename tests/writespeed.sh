#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# writespeed.sh FILES FOLDER: measures how fast scoutfs writes a volume in
# FOLDER, beside other ways to write the same data to the same disk: copies of
# so many small files, a copy of one large file, release, stage, merge and
# remove. Each line has wall time and processor time. For root there are copies
# into ext4 on a loop device, and one of files that are not in the page cache.
# LARGE is the size of the large file in MiB; without it, up to 4096, less on a
# slow disk. KEEP=1 leaves the volume there.

set -euo pipefail

files=$1 folder=$2
cd "$(dirname "$0")/.."
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d "$folder/writespeed.XXXXXX")
mount=

cleanup() {
  if [[ -n $mount ]] && mountpoint -q "$mount"; then umount "$mount"; fi
  if [[ -n ${KEEP:-} ]]; then echo "left in $work"; else rm -rf "$work"; fi
}
trap cleanup EXIT

make -s build
go build -o "$work/writespeed" ./tests/writespeed
scoutfs=$PWD/bin/scoutfs
cd "$work"
volume=(--meta-device meta.img --data-device data.img)

# timed COMMAND...: runs it, and leaves real and cpu in seconds.
timed() {
  local TIMEFORMAT='%R %U %S' user sys
  { time "$@" >out 2>err; } 2>times || { cat out err >&2; return 1; }
  read -r real user sys <times
  cpu=$(awk "BEGIN { print $user + $sys }")
}

ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }
rate() { awk "BEGIN { printf \"%.0f\", $1 / $2 }"; }

# line WHAT COUNT UNIT [VERDICT]: prints the last measurement.
line() { printf '%-46s %8.3f s, cpu %7.3f s, %8s %-8s %s\n' "$1" "$real" "$cpu" "$(rate "$2" "$real")" "$3" "${4:-}"; }

# against RATIO LEAST: says whether a ratio is large enough.
verdict() { awk "BEGIN { print ($1 >= $2) ? \"ok\" : \"TOO SLOW\" }"; }

# A device that has blocks of the disk already is what dd and scoutfs write to;
# room for the rest is a hole.
prepare() {
  "$work/writespeed" -files "$files" tree
  timed "$work/writespeed" -size $((256 << 20)) -sync data.img
  if [[ -z ${LARGE:-} ]]; then
    # No copy is to take more than some ten seconds.
    LARGE=$(awk "BEGIN { n = int(10 / $real) * 256; print (n > 4096 ? 4096 : n < 256 ? 256 : n) }")
  fi
  "$work/writespeed" -size $((LARGE << 20)) large
  "$work/writespeed" -size $((LARGE << 18)) quarter
  timed dd if=large of=data.img bs=1M conv=fsync
  truncate -s 2T data.img
  sync -f .
  echo "$files files of $(du -sm --apparent-size tree | cut -f 1) MiB, a large file of $LARGE MiB; $(nproc) processors, load $(cut -d ' ' -f 1 /proc/loadavg)"
}

# large_file: copies one, and makes the volume.
large_file() {
  timed dd if=large of=data.img bs=1M conv=fsync,notrunc
  local dd=$real share
  line "large file: dd conv=fsync to the data device" "$LARGE" MiB/s
  timed bash -c 'cp large copy && sync copy'
  line "large file: cp, sync" "$LARGE" MiB/s
  rm copy
  truncate -s 8G meta.img
  "$scoutfs" mkfs -A -f --quorum-slot 0,127.0.0.1,42000 meta.img data.img >out 2>err || { cat err >&2; return 1; }
  timed "$scoutfs" cp "${volume[@]}" large /large
  share=$(ratio "$dd" "$real")
  line "large file: scoutfs cp" "$LARGE" MiB/s "$share times dd's, $(verdict "$share" 0.8) (0.80)"
  timed "$scoutfs" cp "${volume[@]}" quarter /quarter
  line "a quarter of it: scoutfs cp" $((LARGE / 4)) MiB/s
  rm large quarter
}

# released WHAT FILE
released() {
  timed "$scoutfs" release --any-version "${volume[@]}" "$2"
  line "release: $1" 1 files/s "$(awk "BEGIN { print $real * 1000 }") ms, $(verdict "$(ratio 0.05 "$real")" 1) (50 ms)"
}

# release: frees what large_file has copied, and files that take no writing.
release() {
  local extents
  extents=$("$scoutfs" get-fiemap "${volume[@]}" /large | grep -c '^ *[0-9]' || true)
  released "a quarter, $((LARGE / 4)) MiB" /quarter
  released "all, $LARGE MiB in $extents extents" /large
  "$scoutfs" touch "${volume[@]}" /allocated /sparse
  "$scoutfs" fallocate "${volume[@]}" -l 1T /allocated
  released "1 TiB, allocated" /allocated
  "$scoutfs" set-attr-x "${volume[@]}" -v 1 -s $((1 << 40)) --offline /sparse
  released "1 TiB, offline before" /sparse
}

# beside WHAT COMMAND...: copies the tree with something else.
beside() {
  local what=$1
  shift
  timed "$@"
  line "small files: $what" "$files" files/s
}

# ours FOLDER WHAT OTHER: copies the tree into a folder of the volume. OTHER is
# how long something else took.
ours() {
  timed "$scoutfs" cp -r "${volume[@]}" tree "/$1"
  local verdict share=
  verdict=$(verdict "$(ratio "$files" "$real")" 20000)
  if [[ -n $3 ]]; then share="$(ratio "$3" "$real") times tar's, "; fi
  line "small files: $2" "$files" files/s "$share$verdict (20000)"
}

small_files() {
  local tar=
  beside "cp -a, sync" bash -c 'cp -a tree other && sync -f .'
  rm -rf other
  if ((EUID == 0)); then
    truncate -s 8G ext4.img
    mkfs.ext4 -q ext4.img
    mount=$work/mount
    mkdir "$mount"
    mount -o loop,noatime ext4.img "$mount"
    beside "cp -a into ext4, sync" copied_into_ext4
    beside "tar into ext4, sync" tarred_into_ext4 tar
    tar=$real
  fi
  ours warm "scoutfs cp -r" "$tar"
  ((EUID == 0)) || return 0
  forget
  beside "tar into ext4, sync; cold" tarred_into_ext4 cold
  tar=$real
  forget
  ours cold "scoutfs cp -r; cold" "$tar"
}

copied_into_ext4() { cp -a tree "$mount/cp" && sync -f "$mount"; }
tarred_into_ext4() { mkdir "$mount/$1" && tar c -C tree . | tar x -C "$mount/$1" && sync -f "$mount"; }
forget() { sync && echo 3 >/proc/sys/vm/drop_caches; }

# tree WHAT COMMAND...: changes all files of a tree in the volume.
tree() {
  local what=$1
  shift
  timed "$scoutfs" "$@"
  line "small files: scoutfs $what" "$files" files/s
}

small_changes() {
  tree "release -r" release -r --any-version "${volume[@]}" /warm
  tree "stage -r" stage -r --any-version "${volume[@]}" tree /warm
  tree merge merge meta.img data.img
  tree "merge, of nothing" merge meta.img data.img
  tree "rm -r" rm -r "${volume[@]}" /warm
  tree merge merge meta.img data.img
}

prepare
large_file
release
small_files
small_changes
