// SPDX-License-Identifier: GPL-2.0-or-later

package status_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testvolume"
	"scoutfs/status"
)

// hintCase is a volume in which there is something to say.
type hintCase struct {
	name   string
	change func(*builder)
	after  func(device.Pair) device.Pair // what happens to the devices
	want   []string
	level  status.Level // of the first
	text   string       // that the first contains
}

func hintCases() []hintCase {
	const rid, other = 0xa1, 0xb2
	return []hintCase{
		{name: "nothing", want: []string{}},
		{
			name:   "format version 1",
			change: func(b *builder) { b.Super.FmtVers.Set(1) },
			want:   []string{"format-version-1"}, level: status.Note, text: "change-format-version",
		},
		{
			name: "data super of another format version",
			after: func(p device.Pair) device.Pair {
				return withDataSuper(p, func(s *format.Super) { s.FmtVers.Set(1) })
			},
			want: []string{"format-versions-differ"}, level: status.Error, text: "data device has format version 1 and the metadata device 2: run change-format-version again",
		},
		{
			name: "data device of another volume",
			after: func(p device.Pair) device.Pair {
				return withDataSuper(p, func(s *format.Super) { s.UUID[3] ^= 1 })
			},
			want: []string{"device-of-another-volume"}, level: status.Error,
		},
		{
			name:  "devices exchanged",
			after: func(p device.Pair) device.Pair { return device.Pair{Meta: p.Data, Data: p.Meta} },
			want:  []string{"device-exchanged"}, level: status.Error, text: "data is the data device of a volume, and was named as its meta device",
		},
		{
			name:   "devices cut off",
			change: func(b *builder) { b.Super.TotalDataBlocks.Set(testvolume.DataBlocks + 1) },
			want:   []string{"device-too-small"}, level: status.Error, text: "room for 4096 blocks of 4 KiB, and the volume counts on 4097",
		},
		{
			name:   "options of the future",
			change: func(b *builder) { b.Super.Volopt.SetBits.Set(1<<7 | 1) },
			want:   []string{"unknown-volume-options"}, level: status.Warning, text: "0x80",
		},
		{
			name:   "as much metadata as is kept back",
			change: func(b *builder) { b.Super.MetaAlloc[0].TotalLen.Set(34_681) },
			want:   []string{"meta-below-reserve"}, level: status.Warning, text: "34681 metadata blocks are free and 34681 are kept back",
		},
		{
			name:   "no data left",
			change: func(b *builder) { b.Super.DataAlloc.TotalLen.Set(0) },
			want:   []string{"data-full"}, level: status.Warning,
		},
		{
			name:   "inodes below zero",
			change: func(b *builder) { b.Super.InodeCount.Set(1<<64 - 3) },
			want:   []string{"inode-count"}, level: status.Warning, text: "-3",
		},
		{
			name: "orphans",
			change: func(b *builder) {
				b.Put(format.OrphanKey(7), nil)
				b.Put(format.OrphanKey(9), nil)
			},
			want: []string{"orphans"}, level: status.Note, text: "2 inodes without names",
		},
		{
			name:   "no quorum slots",
			change: func(b *builder) { b.Super.Qconf.Slots[0] = format.InetAddr{} },
			want:   []string{"no-quorum-slots"}, level: status.Error,
		},
		{
			name: "a slot in use",
			change: func(b *builder) {
				b.event(0, format.QuorumEventBegin, other, 1)
				b.event(0, format.QuorumEventEnd, other, 1)
				b.event(0, format.QuorumEventBegin, rid, 1)
			},
			want: []string{"quorum-slot-in-use"}, level: status.Note, text: "quorum slot 0 (10.0.0.1:1000) is in use by mount 00000000000000a1",
		},
		{
			name: "a leader that crashed",
			change: func(b *builder) {
				b.event(0, format.QuorumEventElect, rid, 3)
				b.event(0, format.QuorumEventFence, rid, 3)
			},
			want: []string{"leader-not-stopped"}, level: status.Note, text: "mount 00000000000000a1 led in term 3 from slot 0 (10.0.0.1:1000)",
		},
		{
			name:   "a mount that did not unmount",
			change: func(b *builder) { b.mount(rid, true) },
			want:   []string{"mount-not-unmounted"}, level: status.Note, text: "mount 00000000000000a1 (10.0.0.9:40000) did not unmount",
		},
		{
			name: "space that runs low",
			change: func(b *builder) {
				b.mount(rid, false)
				b.logTrees(rid, 1, func(l *format.LogTrees) {
					l.MetaAvail.Flags.Set(format.AllocFlagLow)
					l.DataAvail.Flags.Set(format.AllocFlagLow)
				})
			},
			want: []string{"mount-not-unmounted", "meta-low", "data-low"}, level: status.Note,
		},
		{
			name: "a transaction that was never opened",
			change: func(b *builder) {
				b.logTrees(rid, 1, func(l *format.LogTrees) {
					l.Flags.Set(format.LogTreesFinalized)
					l.GetTransSeq.Set(4)
					l.CommitTransSeq.Set(5)
				})
			},
			want: []string{"transaction-order", "log-trees-wait-for-merge"}, level: status.Warning,
		},
		{
			name:   "log trees that nobody owns",
			change: func(b *builder) { b.logTrees(rid, 3, nil) },
			want:   []string{"orphan-log-trees"}, level: status.Warning, text: "00000000000000a1.3",
		},
		{
			name: "a super behind the logs",
			change: func(b *builder) {
				b.logTrees(rid, 1, func(l *format.LogTrees) {
					l.Flags.Set(format.LogTreesFinalized)
					l.MaxItemSeq.Set(500)
				})
			},
			want: []string{"seq-behind-items", "log-trees-wait-for-merge"}, level: status.Note, text: "100 is behind 500",
		},
		{
			name: "log trees that wait",
			change: func(b *builder) {
				b.finalized(rid, 1, 40)
				b.finalized(rid, 2, 50)
			},
			want: []string{"log-trees-wait-for-merge"}, level: status.Note, text: "2 finalized log trees wait for a log merge",
		},
		{
			name: "a merge with jobs",
			change: func(b *builder) {
				b.mount(rid, true)
				b.finalized(rid, 1, 40)
				b.mergeStatus(45, 0)
				b.mergeRange(format.Key{})
				b.mergeRequest(rid, 46)
				b.mergeRequest(rid, 47)
			},
			want: []string{"mount-not-unmounted", "merge-waits-for-jobs"}, level: status.Note,
		},
		{
			name: "a merge whose worker is gone",
			change: func(b *builder) {
				b.mergeStatus(45, 0)
				b.mergeRequest(other, 46)
			},
			want: []string{"merge-waits-for-jobs", "merge-job-of-gone-mount"}, level: status.Note, text: "1 job of mount 00000000000000b2",
		},
		{
			name: "a merge that nobody works on",
			change: func(b *builder) {
				b.finalized(rid, 1, 40)
				b.finalized(rid, 2, 50)
				b.mergeStatus(45, 1)
				b.mergeComplete(rid, 46)
				b.mergeRange(format.Key{})
			},
			want: []string{"log-trees-wait-for-merge", "merge-waits-for-mounts"}, level: status.Note, text: "1 finalized log tree waits",
		},
		{
			name: "a merge that is spliced",
			change: func(b *builder) {
				b.mergeStatus(45, 8)
				b.mergeRange(format.Key{})
			},
			want: []string{"merge-waits-for-splice"}, level: status.Note, text: "0 finished jobs",
		},
		{
			name: "a merge at its end",
			change: func(b *builder) {
				b.mergeStatus(45, 0)
				b.mergeComplete(rid, 46)
			},
			want: []string{"merge-waits-for-splice"}, level: status.Note, text: "1 finished job",
		},
		{
			name: "trees to free",
			change: func(b *builder) {
				b.Merge[format.LogMergeFreeingKey(3)] = slices.Clone(format.Bytes(&format.LogMergeFreeing{}))
			},
			want: []string{"merged-trees-freeing"}, level: status.Note, text: "1 merged log tree is being freed",
		},
		{
			name: "compactions",
			change: func(b *builder) {
				b.compaction(format.SrchPendingKey(5), 5, format.SrchCompactSorted)
				b.compaction(format.SrchBusyKey(other, 6), 6, format.SrchCompactLog)
			},
			want: []string{"compaction-of-gone-mount", "compactions-pending"}, level: status.Warning, text: "compaction 0000000000000006 of search files is with mount 00000000000000b2",
		},
	}
}

// withDataSuper changes the super of the data device.
func withDataSuper(p device.Pair, change func(*format.Super)) device.Pair {
	block := make([]byte, format.SmallBlockSize)
	at := int64(format.SuperBlkno) << format.SmallBlockShift
	if _, err := p.Data.ReadAt(block, at); err != nil {
		panic(err)
	}
	super, err := format.View[format.Super](block)
	if err != nil {
		panic(err)
	}
	change(super)
	format.Seal(block)
	if _, err := p.Data.WriteAt(block, at); err != nil {
		panic(err)
	}
	return p
}

func TestHints(t *testing.T) {
	t.Parallel()
	for _, row := range hintCases() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := newBuilder(t)
			if row.change != nil {
				row.change(b)
			}
			pair := b.pair()
			if row.after != nil {
				pair = row.after(pair)
			}
			s := read(t, pair)
			got := hintIDs(s.Hints)
			if row.name == "devices exchanged" {
				// What the data device has in the places of trees is nothing.
				got = got[:1]
			} else if len(s.Damage) != 0 {
				t.Errorf("damage: %v", s.Damage)
			}
			if !slices.Equal(got, row.want) {
				t.Fatalf("got %v, want %v: %v", got, row.want, s.Hints)
			}
			if len(got) > 0 && (s.Hints[0].Level != row.level || !strings.Contains(s.Hints[0].Text, row.text)) {
				t.Errorf("%s: %s", s.Hints[0].Level, s.Hints[0].Text)
			}
			if failed := row.level == status.Error; s.Failed() != failed {
				t.Errorf("failed is %v", s.Failed())
			}
		})
	}
}

func TestManyHintsOfAKindAreCutShort(t *testing.T) {
	t.Parallel()
	b := newBuilder(t)
	for rid := range uint64(100) {
		b.mount(1+rid, false)
	}
	s := read(t, b.pair())
	n := 0
	for _, h := range s.Hints {
		if h.ID == "mount-not-unmounted" {
			n++
		}
	}
	if n != 21 || s.Mounts.Count != 100 || len(s.Mounts.List) != 100 {
		t.Errorf("%d hints about %d mounts", n, s.Mounts.Count)
	}
}

// TestEveryHintIsDocumented compares the ids that the tests of this package
// show with those that docs/status.md has.
func TestEveryHintIsDocumented(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{"meta-device-not-read": true, "fence-waiting": true, "fence-failed": true, "tasks-wait-for-data": true} // of mounts
	for _, row := range hintCases() {
		for _, id := range row.want {
			shown[id] = true
		}
	}
	page, err := os.ReadFile("../docs/status.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\| (?:note|warning|error) \\|").FindAllStringSubmatch(string(page), -1) {
		documented[m[1]] = true
	}
	for id := range shown {
		if !documented[id] {
			t.Errorf("%s is not in docs/status.md", id)
		}
	}
	for id := range documented {
		if !shown[id] {
			t.Errorf("%s is in docs/status.md and in no test", id)
		}
	}
	source, err := os.ReadFile("hints.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`a\.say\((?:Note|Warning|Error), "([a-z0-9-]+)"`).FindAllStringSubmatch(string(source), -1) {
		if !shown[m[1]] {
			t.Errorf("no test shows %s", m[1])
		}
	}
}
