#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fsckspeed.sh FILES FOLDER [ROUNDS]: measures scoutfs fsck on a volume of so
# many files, beside reading the same blocks and, for root, beside the checkers
# of ext4 and XFS on file systems with as many files in the same folder. What
# is already in the folder is used again. See docs/fsck.md.

set -euo pipefail

files=$1 folder=$2 rounds=${3:-3}
cd "$(dirname "$0")/.."
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

make -s build
go build -o "$folder/fsckspeed" ./tests/fsckspeed
volume=$folder/volume-$files
if [[ ! -e $volume/done ]]; then
  mkdir -p "$volume"
  go run ./tests/bigvolume -files "$files" -dir "$volume"
  touch "$volume/done"
fi

others=()
for fs in ext4 xfs; do
  if ((EUID != 0)) || ! command -v "mkfs.$fs" >/dev/null; then
    echo "fsckspeed.sh: without $fs, which takes root and mkfs.$fs" >&2
    continue
  fi
  image=$folder/$fs-$files.img
  if [[ ! -e $image ]]; then
    mount=$(mktemp -d)
    truncate -s $((files * 128 / 1000 + 1024))M "$image.part"
    "mkfs.$fs" -q "$image.part"
    mount -o loop,noatime "$image.part" "$mount"
    "$folder/fsckspeed" fill -files "$files" "$mount" || { umount "$mount"; exit 1; }
    umount "$mount"
    rmdir "$mount"
    mv "$image.part" "$image"
  fi
  others+=("-$fs" "$image")
done

"$folder/fsckspeed" measure -rounds "$rounds" -scoutfs bin/scoutfs "${others[@]}" "$volume/meta.img" "$volume/data.img"
