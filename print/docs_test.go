// SPDX-License-Identifier: GPL-2.0-or-later

package print_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/print"
)

// documentedMembers maps the names in the first columns of the tables in
// docs/print.md about JSON lines to all names in the rest of their rows.
func documentedMembers(t *testing.T) map[string][]string {
	t.Helper()
	doc, err := os.ReadFile("../docs/print.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(doc), "\n## JSON lines\n")
	if !found {
		t.Fatal("docs/print.md has no section about JSON lines")
	}
	quoted := regexp.MustCompile("`([a-z0-9_]+)`")
	names := func(cell string) []string {
		var names []string
		for _, match := range quoted.FindAllStringSubmatch(cell, -1) {
			names = append(names, match[1])
		}
		return names
	}
	members := map[string][]string{}
	for line := range strings.Lines(text) {
		cells := strings.SplitN(line, "|", 3)
		if len(cells) < 3 || cells[0] != "" {
			continue
		}
		for _, name := range names(cells[1]) {
			members[name] = names(cells[2])
		}
	}
	delete(members, "structure") // the heads of the tables
	delete(members, "kind")
	return members
}

// TestMembersAreThoseOfTheDocumentation prints everything there is, and the
// blocks that only their number finds.
func TestMembersAreThoseOfTheDocumentation(t *testing.T) {
	t.Parallel()
	documented := documentedMembers(t)
	optional := []string{"seq", "deletion", "source"}
	v := volumeOf(t, everyPart()...)
	bloom := v.Add(format.MagicBloom, make([]byte, format.LargeBlockSize))
	var out bytes.Buffer
	if _, err := print.Volume(context.Background(), v.Dev, &out, print.Options{Format: print.JSONL}); err != nil {
		t.Fatal(err)
	}
	for _, blkno := range []uint64{bloom.Blkno, 0} {
		if _, err := print.Block(context.Background(), v.Dev, &out, blkno, print.BlockOptions{Format: print.JSONL}); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{"unknown": true} // no sound volume has that kind
	for line := range bytes.Lines(out.Bytes()) {
		var o map[string]any
		if err := json.Unmarshal(line, &o); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		structure := fmt.Sprint(o["structure"])
		seen[structure] = true
		for _, name := range documented[structure] {
			if _, found := o[name]; !found && !slices.Contains(optional, name) {
				t.Errorf("%s has no %s: %s", structure, name, line)
			}
		}
		if structure != "item" {
			continue
		}
		kind := fmt.Sprint(o["kind"])
		seen[kind] = true
		key, _ := o["key_fields"].(map[string]any)
		for name := range key {
			if !slices.Contains(documented[kind], name) {
				t.Errorf("%s has %s in its key, which is not documented", kind, name)
			}
		}
		for _, name := range documented[kind] {
			_, inKey := key[name]
			if _, found := o[name]; !found && !inKey {
				t.Errorf("%s has no %s: %s", kind, name, line)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(documented)) {
		if !seen[name] {
			t.Errorf("nothing is a %s", name)
		}
	}
	for name := range seen {
		if _, found := documented[name]; !found {
			t.Errorf("%s is not documented", name)
		}
	}
}
