// SPDX-License-Identifier: GPL-2.0-or-later

package layers_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// check runs every rule over a tree.
func check(t *testing.T, repo fs.FS) []string {
	t.Helper()
	house, err := readFloors(repo)
	if err != nil {
		t.Fatal(err)
	}
	files, err := readTree(repo)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no Go files found")
	}
	found := house.check(files)
	for _, f := range files {
		found = append(found, checkFile(f)...)
	}
	return found
}

func TestSourceKeepsTheHouseRules(t *testing.T) {
	t.Parallel()
	for _, finding := range check(t, os.DirFS("../..")) {
		t.Error(finding)
	}
}

// The rules themselves: a tree with exactly one fault yields exactly one
// finding, and a tree without any yields none.
func TestRulesFindFaults(t *testing.T) {
	t.Parallel()
	const head = licenceLine + "\n\n"
	tests := []struct {
		name, path, text, want string
	}{
		{"import of a lower floor", "engine/block/a.go", head + "package block\n\nimport _ \"scoutfs/engine/format\"\n", ""},
		{"import of a higher floor", "engine/format/a.go", head + "package format\n\nimport _ \"scoutfs/engine/block\"\n", "engine/format/a.go:5: engine/format (floor 0) imports engine/block (floor 2)"},
		{"import to the left", "engine/alloc/a.go", head + "package alloc\n\nimport _ \"scoutfs/engine/btree\"\n", ""},
		{"import to the right", "engine/btree/a.go", head + "package btree\n\nimport _ \"scoutfs/engine/alloc\"\n", "engine/btree/a.go:5: engine/btree (floor 3) imports engine/alloc (floor 3)"},
		{"import of its own sub-package", "engine/block/a.go", head + "package block\n\nimport _ \"scoutfs/engine/block/cache\"\n", ""},
		{"sub-package that imports upward", "engine/block/cache/a.go", head + "package cache\n\nimport _ \"scoutfs/engine/btree\"\n", "engine/block/cache/a.go:5: engine/block (floor 2) imports engine/btree (floor 3)"},
		{"test that imports upward", "engine/format/a_test.go", head + "package format_test\n\nimport _ \"scoutfs/engine/block\"\n", ""},
		{"package without a floor", "attic/a.go", head + "package attic\n", "attic/a.go: package attic has no floor in docs/architecture.md"},
		{"import of a package without a floor", "cmd/scoutfs/a.go", head + "package main\n\nimport _ \"scoutfs/attic\"\n", "cmd/scoutfs/a.go:5: imports attic, which has no floor"},
		{"test support that uses testing", "internal/testdevice/a.go", head + "package testdevice\n\nimport _ \"testing\"\n", ""},
		{"import of test support", "cmd/scoutfs/a.go", head + "package main\n\nimport _ \"scoutfs/internal/testdevice\"\n", "cmd/scoutfs/a.go:5: imports internal/testdevice, which serves tests only"},
		{"command that uses testing", "cmd/scoutfs/a.go", head + "package main\n\nimport _ \"testing\"\n", "cmd/scoutfs/a.go:5: imports testing: it does not belong into the binary"},
		{"no licence", "engine/block/a.go", "package block\n", "engine/block/a.go: does not start with the licence line and a blank line"},
		{"licence joined to the package comment", "engine/block/a.go", licenceLine + "\npackage block\n", "engine/block/a.go: does not start with the licence line and a blank line"},
		{"long file", "engine/block/a.go", head + "package block\n" + strings.Repeat("\n", maxLines), "engine/block/a.go: 603 lines, more than 600"},
		{"long test", "engine/block/a_test.go", head + "package block\n" + strings.Repeat("\n", maxLines), ""},
		{"package named util", "engine/block/util/a.go", head + "package util\n", "engine/block/util/a.go: package name util says nothing"},
		{"library that prints", "engine/block/a.go", head + "package block\n\nimport say \"fmt\"\n\nfunc f() { say.Println() }\n", "engine/block/a.go:7: a library uses fmt.Println"},
		{"library that formats", "engine/block/a.go", head + "package block\n\nimport \"fmt\"\n\nvar s = fmt.Sprint(1)\n", ""},
		{"library with standard output", "engine/block/a.go", head + "package block\n\nimport \"os\"\n\nvar w = os.Stdout\n", "engine/block/a.go:7: a library uses os.Stdout"},
		{"library that logs to the default", "engine/block/a.go", head + "package block\n\nimport \"log/slog\"\n\nfunc f() { slog.Info(\"\") }\n", "engine/block/a.go:7: a library uses slog.Info"},
		{"library with its own logger", "engine/block/a.go", head + "package block\n\nimport \"log/slog\"\n\nfunc f(l *slog.Logger) { l.Info(\"\") }\n", ""},
		{"library that uses the log package", "engine/block/a.go", head + "package block\n\nimport _ \"log\"\n", "engine/block/a.go:5: imports log: libraries return errors, or log to a logger they were given"},
		{"library with println", "engine/block/a.go", head + "package block\n\nfunc f() { println() }\n", "engine/block/a.go:5: a library calls println"},
		{"library with init", "engine/block/a.go", head + "package block\n\nfunc init() {}\n", "engine/block/a.go:5: a library has an init function"},
		{"library with flags", "engine/block/a.go", head + "package block\n\nimport _ \"github.com/spf13/cobra\"\n", "engine/block/a.go:5: imports github.com/spf13/cobra: flags and configuration belong to the commands"},
		{"command that prints", "cmd/scoutfs/a.go", head + "package main\n\nimport (\n\t\"fmt\"\n\n\t_ \"github.com/spf13/cobra\"\n)\n\nfunc init() { fmt.Println() }\n", ""},
		{"checksum outside the format", "engine/block/a.go", head + "package block\n\nimport _ \"hash/crc32\"\n", "engine/block/a.go:5: imports hash/crc32: our checksums have one owner; signatures check those of others"},
		{"format that does I/O", "engine/format/a.go", head + "package format\n\nimport _ \"os\"\n", "engine/format/a.go:5: imports os: the format is pure data"},
		{"file under testdata", "engine/block/testdata/a.go", "package broken\n", ""},
	}
	const page = "| floor | package |\n|---|---|\n| 0 | `engine/format` |\n| 2 | `engine/block` |\n| 3 | `engine/btree`, `engine/alloc` |\n| 9 | `cmd/scoutfs` |\n"
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			found := check(t, fstest.MapFS{
				architecture:             {Data: []byte(page)},
				"engine/format/sound.go": {Data: []byte(head + "package format\n")},
				test.path:                {Data: []byte(test.text)},
			})
			if got := strings.Join(found, "\n"); got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

func TestFloorsAreReadFromThePage(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, page string }{
		{"no table", "nothing\n"},
		{"package on two floors", "| 1 | `engine/a` | x |\n| 2 | `engine/a` | x |\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := readFloors(fstest.MapFS{architecture: {Data: []byte(test.page)}}); err == nil {
				t.Error("accepted")
			}
		})
	}
}
