#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# try.sh: shows what works, on volumes in two sparse files in a temporary folder. `make try` runs it with the scoutfs it built first
# in PATH. A command that fails ends the tour and fails it.
set -eu
command -v scoutfs >/dev/null || { echo "try.sh: scoutfs is not in PATH; run make try" >&2; exit 1; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

say() { printf '\n# %s\n' "$*"; }

# Prints a command line, then runs it. A reader such as head may end a pipe early (status 141); every other failure counts.
run() {
  local code statuses
  printf '\n$ %s\n' "$*"
  eval "$*; statuses=(\"\${PIPESTATUS[@]}\")"
  for code in "${statuses[@]}"; do
    ((code == 0 || code == 141)) || { printf 'try.sh: exit status %d\n' "$code" >&2; exit 1; }
  done
}

# As run, for a single command that ends with this status.
ends() {
  local wanted=$1 code=0
  shift
  printf '\n$ %s\n' "$*"
  "$@" || code=$?
  ((code == wanted)) || { printf 'try.sh: exit status %d, not %d\n' "$code" "$wanted" >&2; exit 1; }
  printf '(exit status %d)\n' "$code"
}

say "A volume is two devices; here they are sparse files. With fixed identifiers and time the result is the same every time."
run scoutfs --version
run scoutfs mkfs --create-size 64G -V 1 -Q 0,127.0.0.1,42000 --fsid 5c0ff5c0ff5c0ff5 --uuid 6ba7b810-9dad-41d1-80b4-00c04fd430c8 --time 2026-01-01T00:00:00Z meta.img data.img
run ls -ls meta.img data.img

say "What is on the metadata device."
run 'scoutfs print -S meta.img | head -40'
run 'scoutfs print --output jsonl meta.img | head -5 | cut -c -120'
run scoutfs print --inode 1 meta.img

say "Questions to a volume that nobody has mounted."
run scoutfs df -h --meta-device meta.img
run scoutfs stat --meta-device meta.img /
run scoutfs statfs --output json --meta-device meta.img
run scoutfs walk-inodes --meta-device meta.img -- meta_seq 0 -1
run scoutfs status --meta-device meta.img --data-device data.img
run scoutfs changes --meta-device meta.img --output jsonl

say "Its files: a new volume has only its root."
run scoutfs ls -lai --meta-device meta.img
run scoutfs find --explain --type d --meta-device meta.img
run scoutfs du -h --meta-device meta.img
run scoutfs extract --meta-device meta.img --data-device data.img / recovered

say "The same commands on this machine's own files."
run 'mkdir -p files/inside; echo content >files/file; truncate -s 1G files/sparse; ln files/file files/inside/link'
run scoutfs ls -lR files
run scoutfs find files --links +1 --size -1M
run scoutfs du -ah files
run scoutfs cat files/file

say "Changing a volume that nobody has mounted."
run scoutfs change-quorum-config --offline -Q 0,127.0.0.1,42000 -Q 1,127.0.0.1,42001 -Q 2,127.0.0.1,42002 meta.img
run scoutfs change-format-version --offline -V 2 meta.img data.img
run scoutfs prepare-empty-data-device --check meta.img data.img

say "Writing its files, each change whole or not at all."
run scoutfs cp -rv --meta-device meta.img --data-device data.img files /
run scoutfs mkdir -p --meta-device meta.img --data-device data.img /archive/2026
run scoutfs mv --meta-device meta.img --data-device data.img /files/file /archive/2026
run "scoutfs xattr set user.comment 'as delivered' --meta-device meta.img --data-device data.img /archive/2026/file"
run scoutfs ls -lR --meta-device meta.img

say "What an archive agent does: the data of files goes, and comes back from a copy."
run scoutfs release -r --any-version --meta-device meta.img --data-device data.img /archive
run scoutfs ls -lR --meta-device meta.img /archive
ends 1 scoutfs cat --meta-device meta.img --data-device data.img /archive/2026/file
run 'mkdir -p copies/2026; cp files/file copies/2026/file'
run scoutfs stage -r --any-version --output jsonl copies /archive --meta-device meta.img --data-device data.img
run scoutfs cat --meta-device meta.img --data-device data.img /archive/2026/file
run scoutfs rm -r --meta-device meta.img --data-device data.img /archive /files
run scoutfs merge meta.img data.img

say "Checking a volume: every block, every item, and what they say about each other."
run scoutfs fsck meta.img data.img
run 'scoutfs fsck --output jsonl --timing meta.img data.img | cut -c -120'

say "The same, on a copy that is damaged on purpose."
run cp --sparse=always meta.img damaged.img
run scoutfs debug corrupt damaged.img data.img inode-nlink-directory
ends 4 scoutfs fsck damaged.img data.img
run 'scoutfs debug item show damaged.img fs_root 16.1.4 | grep nlink'
run scoutfs debug item set damaged.img fs_root 16.1.4 value.nlink=2
run scoutfs fsck damaged.img data.img

printf '\nThe tour is over; its files are removed.\n'
