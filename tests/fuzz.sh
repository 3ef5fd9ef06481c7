#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuzz.sh [TIME]: runs every fuzz target of the module for TIME (60s). Goes on after a failure and fails at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

go=${GO:-go} time=${1:-60s} targets=0 failed=()
for package in $("$go" list ./...); do
  for target in $("$go" test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
    targets=$((targets + 1))
    echo "== $package $target"
    "$go" test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package" || failed+=("$package $target")
  done
done

echo "$targets fuzz targets, ${#failed[@]} failed"
((targets > 0))
if ((${#failed[@]})); then
  printf '%s\n' "${failed[@]}"
  exit 1
fi
