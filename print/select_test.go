// SPDX-License-Identifier: GPL-2.0-or-later

package print_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/print"
)

// objects prints as JSON lines and decodes every line.
func objects(t *testing.T, opts print.Options) []map[string]any {
	t.Helper()
	opts.Format = print.JSONL
	var out bytes.Buffer
	if _, err := print.Volume(context.Background(), sample(t, "synthetic-all-items"), &out, opts); err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var o map[string]any
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			t.Fatalf("%v in %s", err, lines.Bytes())
		}
		all = append(all, o)
	}
	return all
}

func TestEveryLineIsAnObjectThatNamesItsStructure(t *testing.T) {
	t.Parallel()
	count := map[string]int{}
	for _, o := range objects(t, print.Options{}) {
		name := fmt.Sprint(o["structure"])
		if name == "item" {
			name += " " + fmt.Sprint(o["kind"])
		}
		count[name]++
	}
	// Counted by hand in testdata/synthetic-all-items.print.
	for name, want := range map[string]int{
		"super": 1, "quorum_block": 15, "alloc_list_block": 9,
		"item inode": 5, "item log_merge_request": 1, "item srch_pending": 1, "item srch_busy": 1,
		"item quota_rule": 1, "item mounted_client": 3, "problem": 12,
	} {
		if count[name] != want {
			t.Errorf("%d objects %q, want %d", count[name], name, want)
		}
	}
}

func TestItemsCarryTheirDecodedValue(t *testing.T) {
	t.Parallel()
	for _, o := range objects(t, print.Options{Select: print.Selection{Trees: []string{"fs_root"}}}) {
		if o["kind"] != "dirent" {
			continue
		}
		if o["name"] == nil || o["value"].(map[string]any)["ino"] == nil || o["key_fields"].(map[string]any)["dir"] == nil {
			t.Errorf("dirent is %v", o)
		}
		return
	}
	t.Error("no dirent")
}

func TestSelectionsShowOnlyWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	keys := format.Range{Start: format.Key{Zone: format.ZoneQuota}, End: format.Key{Zone: format.ZoneXattrIndx}}
	for name, c := range map[string]struct {
		selection print.Selection
		wanted    func(o map[string]any) bool
		items     int
	}{
		"tree": {
			print.Selection{Trees: []string{"log_merge"}},
			func(o map[string]any) bool { return o["tree"] == "log_merge" },
			7,
		},
		"keys": {
			print.Selection{Keys: &keys},
			func(o map[string]any) bool {
				k, err := format.ParseKey(fmt.Sprint(o["key"]))
				return o["structure"] != "item" || err == nil && keys.Contains(k)
			},
			3,
		},
		"inode": {
			print.Selection{Ino: 1},
			func(o map[string]any) bool {
				fields, ok := o["key_fields"].(map[string]any)
				return o["structure"] != "item" || ok &&
					(fields["ino"] == 1.0 || fields["dir"] == 1.0)
			},
			-1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items := 0
			for _, o := range objects(t, print.Options{Select: c.selection}) {
				if o["structure"] == "problem" {
					continue
				}
				if !c.wanted(o) {
					t.Errorf("not asked for: %v", o)
				}
				if o["structure"] == "item" {
					items++
				}
			}
			if items != c.items && (c.items >= 0 || items == 0) {
				t.Errorf("%d items, want %d", items, c.items)
			}
		})
	}
}

func TestUnknownTreesAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "fs", "fs_root:1", "item_root:", "item_root:x y", "item_root:12zz", "item_root:1.", "item_root:1.f", "item_root:1.2.3",
	} {
		selection := print.Selection{Trees: []string{name}}
		if err := selection.Validate(); err == nil {
			t.Errorf("%q is accepted", name)
		}
		if _, err := print.Volume(context.Background(), newLiveVolume(t, 0), io.Discard, print.Options{Select: selection}); err == nil {
			t.Errorf("%q is printed", name)
		}
	}
	for _, name := range append(print.TreeNames(), "item_root:80ba1d9dd8824207", "data_freed:1.2") {
		if err := (print.Selection{Trees: []string{name}}).Validate(); err != nil {
			t.Error(err)
		}
	}
}

// TestLogTreesAreChosenByTheirNumbers uses a volume with the log trees 7.1.
func TestLogTreesAreChosenByTheirNumbers(t *testing.T) {
	t.Parallel()
	l := newLiveVolume(t, 0)
	for name, want := range map[string]bool{
		"item_root": true, "item_root:7": true, "item_root:007": true, "item_root:7.1": true,
		"item_root:70": false, "item_root:7.2": false, "data_avail:7": false,
	} {
		result, err := print.Volume(context.Background(), l, io.Discard, print.Options{Select: print.Selection{Trees: []string{name}}})
		if err != nil || result.Items > 0 != want {
			t.Errorf("%s: %d items, %v", name, result.Items, err)
		}
	}
}

func TestOneBlockIsDecodedByItsMagic(t *testing.T) {
	t.Parallel()
	meta := sample(t, "synthetic-all-items")
	for _, c := range []struct {
		blkno uint64
		want  string
	}{
		{1, "super blkno 16\n"},
		{2, " btree blkno 2\n"},
		{3, " alloc_list_block blkno 3\n"},
	} {
		var out bytes.Buffer
		if _, err := print.Block(context.Background(), meta, &out, c.blkno, print.BlockOptions{}); err != nil {
			t.Error(err)
		}
		if !strings.HasPrefix(out.String(), c.want) {
			t.Errorf("block %d starts with %q, want %q", c.blkno, strings.SplitN(out.String(), "\n", 2)[0], c.want)
		}
	}
	if _, err := print.Block(context.Background(), meta, nil, 1<<40, print.BlockOptions{}); err == nil {
		t.Error("a block outside the device is no error")
	}
	for _, blkno := range []uint64{0, 4} {
		result, err := print.Block(context.Background(), meta, io.Discard, blkno, print.BlockOptions{})
		if err != nil || result.Problems != 1 || result.Blocks != 0 {
			t.Errorf("block %d, which is zero: %+v, %v", blkno, result, err)
		}
	}
}

func TestRawBlockShowsItsBytes(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if _, err := print.Block(context.Background(), sample(t, "synthetic-all-items"), &out, 3,
		print.BlockOptions{Raw: true}); err != nil {
		t.Fatal(err)
	}
	// The list block's magic is at byte 4, its end at 65536.
	if text := out.String(); !strings.Contains(text, "83 ac 93 8a") {
		t.Errorf("no magic in %s", text[:400])
	} else if !strings.HasSuffix(text, "00010000\n") {
		t.Errorf("dump ends with %q", text[len(text)-40:])
	}
}

// A selection shows no parents and, but for its own trees, no leaves: what is
// wrong with the blocks that it goes through must be said all the same.
func TestSelectionsTellOfDamageOnTheWay(t *testing.T) {
	t.Parallel()
	base := sample(t, "synthetic-all-items")
	var super format.Super
	if _, err := base.ReadAt(format.Bytes(&super), format.SuperBlkno*format.SmallBlockSize); err != nil {
		t.Fatal(err)
	}
	if super.FSRoot.Height < 2 {
		t.Fatal("fs_root of the sample has no parent")
	}
	keys := format.Range{Start: format.InodeKey(1), End: format.InodeKey(2)}
	trees := map[string]*format.BtreeRoot{"fs_root": &super.FSRoot, "logs_root": &super.LogsRoot}
	selections := map[string]print.Selection{
		"inode":         {Ino: 1},
		"keys":          {Keys: &keys},
		"keys of a log": {Keys: &keys, Trees: []string{"item_root"}},
	}
	for name, root := range trees {
		for what, selection := range selections {
			if name == "fs_root" && selection.Trees != nil {
				continue
			}
			meta := device.NewOverlay("damaged", base)
			at := int64(root.Ref.Blkno.Get())*format.LargeBlockSize + 60000
			if _, err := meta.WriteAt([]byte{0xff}, at); err != nil {
				t.Fatal(err)
			}
			var problems []string
			_, err := print.Volume(context.Background(), meta, io.Discard, print.Options{
				Select:  selection,
				Problem: func(err error) { problems = append(problems, err.Error()) },
			})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(problems, func(s string) bool {
				return strings.Contains(s, "in "+name+": crc is")
			}) {
				t.Errorf("%s, damaged %s: the problems are %q, without its crc", what, name, problems)
			}
		}
	}
}
