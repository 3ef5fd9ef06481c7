// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/internal/testcheck"
)

// changeSuper writes a device's super with a change.
func changeSuper(tb testing.TB, dev device.Device, change func(*format.Super)) {
	tb.Helper()
	raw, super, err := block.ReadSuper(dev)
	if err != nil {
		tb.Fatal(err)
	}
	change(super)
	format.Seal(raw)
	if _, err := dev.WriteAt(raw, format.SuperBlkno<<format.SmallBlockShift); err != nil {
		tb.Fatal(err)
	}
}

// changeQuorum writes the quorum block of a slot with a change.
func changeQuorum(tb testing.TB, dev device.Device, slot int, change func(*format.QuorumBlock)) {
	tb.Helper()
	q, raw, err := block.ReadQuorumBlock(dev, slot, 0)
	if err != nil {
		tb.Fatal(err)
	}
	change(q)
	format.Seal(raw)
	if _, err := dev.WriteAt(raw, int64(format.QuorumBlkno+slot)<<format.SmallBlockShift); err != nil {
		tb.Fatal(err)
	}
}

// addItem commits an item of one of the super's trees.
func addItem(tb testing.TB, pair device.Pair, root func(*format.Super) *format.BtreeRoot, kind format.Tree, it btree.Item) {
	tb.Helper()
	v := openVolume(tb, pair, 9)
	err := v.server.Commit(tb.Context(), func(ctx context.Context, c *server.Commit) error {
		w := btree.NewWriter(c.Blocks, root(c.Super).Root(), kind)
		if err := w.Force(ctx, it); err != nil {
			return err
		}
		root(c.Super).Set(w.Root())
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func logsRoot(s *format.Super) *format.BtreeRoot { return &s.LogsRoot }

func logTreesItem(rid, nr uint64, change func(*format.LogTrees)) btree.Item {
	var lt format.LogTrees
	lt.RID.Set(rid)
	lt.Nr.Set(nr)
	change(&lt)
	return btree.Item{Key: format.LogTreesKey(rid, nr), Value: format.Bytes(&lt)}
}

func TestVolumesThatMayBeInUseAreRefused(t *testing.T) {
	t.Parallel()
	event := func(slot, event int, writeNr, term uint64) func(device.Pair) {
		return func(pair device.Pair) {
			changeQuorum(t, pair.Meta, slot, func(q *format.QuorumBlock) {
				q.Events[event].WriteNr.Set(writeNr)
				q.Events[event].Term.Set(term)
				q.Events[event].RID.Set(0x77)
			})
		}
	}
	twoSlots := func(pair device.Pair) {
		for _, dev := range []device.Device{pair.Meta, pair.Data} {
			changeSuper(t, dev, func(s *format.Super) { s.Qconf.Slots[1] = s.Qconf.Slots[0] })
		}
	}
	for _, test := range []struct {
		name    string
		changes []func(device.Pair)
		want    []server.Use
		text    string
	}{
		{"nothing", nil, nil, ""},
		{"a mounted client", []func(device.Pair){func(pair device.Pair) {
			addItem(t, pair, func(s *format.Super) *format.BtreeRoot { return &s.MountedClients }, format.TreeMountedClients,
				btree.Item{Key: format.MountedClientKey(0x77), Value: make([]byte, 40)})
		}}, []server.Use{{Kind: server.UseMount, RID: 0x77}}, "mount 0000000000000077 is in mounted_clients"},
		{
			"an elected server",
			[]func(device.Pair){event(0, format.QuorumEventElect, 3, 5)},
			[]server.Use{{Kind: server.UseServer, RID: 0x77, Slot: 0, Term: 5}},
			"quorum slot 0 was elected in term 5 and has not stopped",
		},
		{
			"a server that has fenced older ones",
			[]func(device.Pair){event(0, format.QuorumEventElect, 3, 5), event(0, format.QuorumEventFence, 4, 5)},
			[]server.Use{{Kind: server.UseServer, RID: 0x77, Slot: 0, Term: 5}},
			"term 5",
		},
		{"a server that stopped", []func(device.Pair){event(0, format.QuorumEventElect, 3, 5), event(0, format.QuorumEventStop, 4, 5)}, nil, ""},
		{
			"a server that was fenced by a later one that stopped",
			[]func(device.Pair){
				twoSlots, event(1, format.QuorumEventElect, 3, 5),
				event(0, format.QuorumEventElect, 3, 6), event(0, format.QuorumEventFence, 4, 6), event(0, format.QuorumEventStop, 5, 6),
			},
			nil, "",
		},
		{
			"a server in a slot that is not configured",
			[]func(device.Pair){event(1, format.QuorumEventElect, 3, 5)},
			nil, "",
		},
		{
			"a quorum slot in use",
			[]func(device.Pair){event(0, format.QuorumEventBegin, 2, 0)},
			[]server.Use{{Kind: server.UseSlot, RID: 0x77}},
			"mount 0000000000000077 in quorum slot 0 has begun and not ended",
		},
		{"a quorum slot that was given up", []func(device.Pair){event(0, format.QuorumEventBegin, 2, 0), event(0, format.QuorumEventEnd, 3, 0)}, nil, ""},
		{"open log trees", []func(device.Pair){func(pair device.Pair) {
			addItem(t, pair, logsRoot, format.TreeLogsRoot, logTreesItem(0x77, 3, func(*format.LogTrees) {}))
		}}, []server.Use{{Kind: server.UseLog, RID: 0x77, Nr: 3}}, "log trees 3 of mount 0000000000000077 are not finalized"},
		{"finalized log trees", []func(device.Pair){func(pair device.Pair) {
			addItem(t, pair, logsRoot, format.TreeLogsRoot, logTreesItem(0x77, 3, func(lt *format.LogTrees) { lt.Flags.Set(format.LogTreesFinalized) }))
		}}, nil, ""},
		{"a merge of logs that is not finished", []func(device.Pair){func(pair device.Pair) {
			var status format.LogMergeStatus
			addItem(t, pair, func(s *format.Super) *format.BtreeRoot { return &s.LogMerge }, format.TreeLogMerge,
				btree.Item{Key: format.LogMergeStatusKey(), Value: format.Bytes(&status)})
		}}, nil, ""},
	} {
		pair := makeVolume(t, 1<<17, 1<<20, nil)
		for _, change := range test.changes {
			change(pair)
		}
		recorder := device.NewPairRecorder(pair)
		_, err := openServer(t, recorder.Pair(), 1)
		if recorder.Len() > 0 {
			t.Errorf("%s: opening writes", test.name)
		}
		if test.want == nil {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		inUse, ok := errors.AsType[*server.InUseError](err)
		if !ok || !slices.Equal(inUse.Uses, test.want) || !errors.Is(err, syscall.EBUSY) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
			continue
		}
		if text := err.Error(); !strings.Contains(text, test.text) || !strings.Contains(text, "scoutfs recover") || !strings.HasPrefix(text, "meta: ") {
			t.Errorf("%s: %q", test.name, text)
		}
	}
}

func TestDevicesThatAreNotOneVolumeAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*device.Pair)
		want   string
		errno  error
	}{
		{"no data device", func(p *device.Pair) { p.Data = nil }, "both of its devices", syscall.EINVAL},
		{"exchanged", func(p *device.Pair) { p.Meta, p.Data = p.Data, p.Meta }, "is the data device", syscall.EINVAL},
		{"twice the metadata device", func(p *device.Pair) { p.Data = p.Meta }, "is the metadata device", syscall.EINVAL},
		{"another uuid", func(p *device.Pair) {
			changeSuper(t, p.Data, func(s *format.Super) { s.UUID[0]++ })
		}, "uuid", syscall.EINVAL},
		{"another fsid", func(p *device.Pair) {
			changeSuper(t, p.Data, func(s *format.Super) { s.Hdr.FSID.Set(7) })
		}, "fsid", syscall.EINVAL},
		{"another version", func(p *device.Pair) {
			changeSuper(t, p.Data, func(s *format.Super) { s.FmtVers.Set(1) })
		}, "format version 1, expected 2", syscall.EINVAL},
		{"a version of the future", func(p *device.Pair) {
			changeSuper(t, p.Meta, func(s *format.Super) { s.FmtVers.Set(3) })
		}, "fmt_vers is 3", syscall.EIO},
		{"a damaged data super", func(p *device.Pair) {
			if _, err := p.Data.WriteAt([]byte{1}, format.SuperBlkno<<format.SmallBlockShift+1000); err != nil {
				t.Fatal(err)
			}
		}, "data device data: corrupt super block", syscall.EIO},
		{"a metadata device that was cut off", func(p *device.Pair) {
			changeSuper(t, p.Meta, func(s *format.Super) { s.TotalMetaBlocks.Set(1<<17 + 1) })
		}, "meta has 131072 blocks of 64 KiB, expected the 131073 of the volume", syscall.EINVAL},
		{"a data device that was cut off", func(p *device.Pair) {
			changeSuper(t, p.Meta, func(s *format.Super) { s.TotalDataBlocks.Set(1<<20 + 1) })
		}, "data has 1048576 blocks of 4 KiB, expected the 1048577 of the volume", syscall.EINVAL},
		{"a list of free blocks that counts wrong", func(p *device.Pair) {
			changeSuper(t, p.Meta, func(s *format.Super) { s.ServerMetaAvail[0].FirstNr.Set(1000) })
		}, "server_meta_avail[0]", syscall.EIO},
		{"a damaged quorum block", func(p *device.Pair) {
			if _, err := p.Meta.WriteAt([]byte{1}, format.QuorumBlkno<<format.SmallBlockShift+1000); err != nil {
				t.Fatal(err)
			}
		}, "quorum slot 0", syscall.EIO},
		{"a counter that is about to overflow", func(p *device.Pair) {
			changeSuper(t, p.Meta, func(s *format.Super) { s.Seq.Set(1 << 63) })
		}, "seq", syscall.EIO},
	} {
		pair := makeVolume(t, 1<<17, 1<<20, nil)
		blocks := block.NewReader(pair.Meta, block.Options{})
		test.change(&pair)
		_, err := server.Open(t.Context(), pair, blocks, server.Options{})
		if err == nil || !strings.Contains(err.Error(), test.want) || !errors.Is(err, test.errno) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

// The counter starts behind everything that the volume knows, and a commit
// stores it.
func TestSequenceNumbersGoOn(t *testing.T) {
	t.Parallel()
	pair := makeVolume(t, 1<<17, 1<<20, nil)
	addItem(t, pair, logsRoot, format.TreeLogsRoot, logTreesItem(0x77, 1, func(lt *format.LogTrees) {
		lt.Flags.Set(format.LogTreesFinalized)
		lt.MaxItemSeq.Set(1000)
	}))
	v := openVolume(t, pair, 1)
	if got := v.server.AdvanceSeq(); got != 1001 {
		t.Errorf("the first number is %d, want 1001", got)
	}
	header := v.server.Super().Hdr.Seq.Get()
	v.commit()
	if s := v.server.Super(); s.Seq.Get() != 1001 || s.Hdr.Seq.Get() != header+1 {
		t.Errorf("super has seq %d and header %d, want 1001 and %d", s.Seq.Get(), s.Hdr.Seq.Get(), header+1)
	}
}

func TestInodeNumbersAreGivenOutOnce(t *testing.T) {
	t.Parallel()
	v := openVolume(t, makeVolume(t, 1<<17, 1<<20, nil), 1)
	for _, test := range []struct{ n, first uint64 }{{1, 1024}, {10, 1025}, {1, 1035}} {
		if got, err := v.server.AllocInos(test.n); err != nil || got != test.first {
			t.Errorf("%d numbers from %d, %v; want %d", test.n, got, err, test.first)
		}
	}
	v.commit()
	v = openVolume(t, v.pair, 1)
	if got, err := v.server.AllocInos(1); err != nil || got != 1036 {
		t.Errorf("after opening again: %d, %v", got, err)
	}
	if _, err := v.server.AllocInos(^uint64(0) - 100); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("too many inodes: %v", err)
	}
	testcheck.Clean(t, v.pair)
}

// Items whose values belong under other keys would not be found again.
func TestItemsUnderOthersKeysAreRefused(t *testing.T) {
	t.Parallel()
	logMerge := func(s *format.Super) *format.BtreeRoot { return &s.LogMerge }
	done := logTreesItem(1, 1, func(lt *format.LogTrees) { lt.Flags.Set(format.LogTreesFinalized) })
	done.Key = format.LogTreesKey(1, 2)
	var freeing format.LogMergeFreeing
	freeing.Seq.Set(3)
	for name, test := range map[string]struct {
		root func(*format.Super) *format.BtreeRoot
		kind format.Tree
		item btree.Item
	}{
		"log trees": {logsRoot, format.TreeLogsRoot, done},
		"a tree that is being freed": {
			logMerge, format.TreeLogMerge, btree.Item{Key: format.LogMergeFreeingKey(4), Value: format.Bytes(&freeing)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pair := makeVolume(t, 1<<17, 1<<16, nil)
			addItem(t, pair, test.root, test.kind, test.item)
			s, err := openServer(t, pair, 1)
			if err == nil {
				err = s.Merge(t.Context(), nil)
			}
			if damage := (*format.CorruptError)(nil); !errors.As(err, &damage) || damage.Field != "key" {
				t.Errorf("error %v", err)
			}
		})
	}
}
