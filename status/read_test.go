// SPDX-License-Identifier: GPL-2.0-or-later

package status_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testimage/manifest"
	"scoutfs/internal/testvolume"
	"scoutfs/status"
)

// busy is a volume in which everything is going on.
func busy(t *testing.T) *builder {
	t.Helper()
	const rid, other = 0xa1, 0xb2
	b := newBuilder(t)
	b.slot(3, "10.0.0.3:3000")
	b.slot(14, "10.0.0.14:1400")
	for _, e := range []struct {
		slot, event int
		rid, term   uint64
	}{
		{0, format.QuorumEventBegin, rid, 0},
		{0, format.QuorumEventTerm, rid, 1},
		{0, format.QuorumEventElect, rid, 1},
		{0, format.QuorumEventFence, rid, 1},
		{0, format.QuorumEventStop, rid, 1},
		{0, format.QuorumEventEnd, rid, 1},
		{3, format.QuorumEventBegin, other, 1},
		{3, format.QuorumEventElect, other, 2},
		{3, format.QuorumEventFence, other, 2},
		{3, format.QuorumEventTerm, other, 4},
		{3, format.QuorumEventElect, other, 4},
	} {
		b.event(e.slot, e.event, e.rid, e.term)
	}
	b.Super.Qconf.Version.Set(6)
	b.Super.Volopt.SetBits.Set(format.VolumeOptDataAllocZoneBlocks)
	b.Super.Volopt.DataAllocZoneBlocks.Set(1000)
	b.Super.ServerMetaAvail[1].TotalNr.Set(20)
	b.Super.ServerMetaFreed[0].TotalNr.Set(3)
	b.mount(other, true)
	b.finalized(rid, 1, 40)
	b.logTrees(other, 2, func(l *format.LogTrees) {
		l.GetTransSeq.Set(99)
		l.CommitTransSeq.Set(98)
		l.MaxItemSeq.Set(97)
		l.InodeCountDelta.Set(1<<64 - 1)
		l.MetaAvail.TotalNr.Set(500)
		l.MetaFreed.TotalNr.Set(4)
		l.DataAvail.TotalLen.Set(600)
		l.DataFreed.TotalLen.Set(5)
		l.SrchFile.Blocks.Set(2)
		l.SrchFile.Entries.Set(30)
		l.DataAllocZones.Set(0)
		l.DataAllocZones.Set(3)
	})
	b.mergeStatus(45, 1)
	b.mergeRequest(other, 46)
	b.mergeComplete(other, 47)
	b.mergeRange(format.Key{Zone: format.ZoneFS})
	b.compaction(format.SrchPendingKey(5), 5, format.SrchCompactDelete|format.SrchCompactLog)
	b.compaction(format.SrchBusyKey(other, 6), 6, format.SrchCompactSorted)
	var file format.SrchFile
	file.Blocks.Set(7)
	file.Entries.Set(8)
	b.Srch[format.SrchLogKey(1)] = slices.Clone(format.Bytes(&file))
	b.Srch[format.SrchBlocksKey(7, 2)] = slices.Clone(format.Bytes(&file))
	b.Srch[format.SrchBlocksKey(7, 3)] = slices.Clone(format.Bytes(&file))
	return b
}

func TestEverythingThatIsGoingOn(t *testing.T) {
	t.Parallel()
	const rid, other = status.ID(0xa1), status.ID(0xb2)
	s := read(t, busy(t).pair())
	if len(s.Damage) != 0 {
		t.Fatalf("damage: %v", s.Damage)
	}
	zone := uint64(1000)
	if diff := cmp.Diff(&status.Options{
		Features:            []string{"indx_xattrs", "project_ids", "quota_rules", "retention"},
		DataAllocZoneBlocks: &zone, Zones: 5,
	}, s.Options); diff != "" {
		t.Error(diff)
	}
	event := func(name string, rid status.ID, term, nr uint64) status.Event {
		return status.Event{Event: name, RID: rid, Term: term, WriteNr: nr, Time: "7.000000008"}
	}
	led := func(term uint64) status.Leader {
		return status.Leader{Slot: 3, RID: other, Address: "10.0.0.3:3000", Term: term}
	}
	last := led(4)
	ridOf := func(id status.ID) *status.ID { return &id }
	if diff := cmp.Diff(&status.Quorum{
		ConfigVersion: 6, VotesNeeded: 2, Term: 4, FencedBelow: 2, Leader: &last,
		ToFence: []status.Leader{led(4), led(2)},
		Slots: []status.Slot{
			{Slot: 0, Address: "10.0.0.1:1000", RID: ridOf(rid), Events: []status.Event{
				event("begin", rid, 0, 1), event("term", rid, 1, 2), event("elect", rid, 1, 3),
				event("fence", rid, 1, 4), event("stop", rid, 1, 5), event("end", rid, 1, 6),
			}},
			{Slot: 3, Address: "10.0.0.3:3000", InUse: true, RID: ridOf(other), Events: []status.Event{
				event("begin", other, 1, 1), event("term", other, 4, 4), event("elect", other, 4, 5), event("fence", other, 2, 3),
			}},
			{Slot: 14, Address: "10.0.0.14:1400", Events: []status.Event{}},
		},
	}, s.Quorum); diff != "" {
		t.Error(diff)
	}
	if got := s.Mounts.List; s.Mounts.Count != 1 || got[0] != (status.Mount{RID: other, Address: "10.0.0.9:40000", Quorum: true}) {
		t.Errorf("mounts %+v", got)
	}
	if l := s.LogTrees; l.Count != 2 || l.Finalized != 1 || l.Open != 1 {
		t.Errorf("log trees %+v", l)
	}
	if diff := cmp.Diff([]status.LogTree{
		{RID: rid, Nr: 1, Finalized: true, FinalizeSeq: 40},
		{
			RID: other, Nr: 2, Mounted: true, Open: true, GetTransSeq: 99, CommitTransSeq: 98, MaxItemSeq: 97, InodeCountDelta: -1,
			MetaAvail: 500, MetaFreed: 4, DataAvail: 600, DataFreed: 5, SearchBlocks: 2, SearchEntries: 30, Zones: []uint64{0, 3},
		},
	}, s.LogTrees.List); diff != "" {
		t.Error(diff)
	}
	m := s.Merge
	if !m.InProgress || m.Seq != 45 || m.Inputs != 1 || m.WaitsFor != status.WaitsForJobs || m.Ranges != 1 || m.Requests != 1 || m.Completions != 1 {
		t.Errorf("merge %+v", m)
	}
	if len(m.Jobs) != 2 || m.Jobs[0].Done || !m.Jobs[0].Mounted || m.Jobs[0].Seq != 46 || !m.Jobs[1].Done || !m.Jobs[1].Remain {
		t.Errorf("jobs %+v", m.Jobs)
	}
	f := s.Search
	if f.Writing != (status.SearchFiles{Files: 1, Blocks: 2, Entries: 30}) || f.Logs != (status.SearchFiles{Files: 1, Blocks: 7, Entries: 8}) ||
		f.Sorted != (status.SearchFiles{Files: 2, Blocks: 14, Entries: 16}) || f.Pending != 1 || f.Busy != 1 {
		t.Errorf("search files %+v", f)
	}
	if diff := cmp.Diff([]status.Compaction{
		{ID: 5, Phase: "delete", Inputs: 2, Blocks: 7},
		{ID: 6, Phase: "sorted", Busy: true, RID: ridOf(other), Mounted: true, Inputs: 2, Blocks: 7},
	}, f.List); diff != "" {
		t.Error(diff)
	}
	held := status.MetaHeld{Allocators: 60_000, Server: 23, LogTrees: 504, Merge: 110, Compactions: 2000}
	if diff := cmp.Diff(&held, s.Space.Meta.Held); diff != "" {
		t.Error(diff)
	}
	if d := s.Space.Data; d.Free != 1605 || d.Total != testvolume.DataBlocks || d.Used != testvolume.DataBlocks-1605 {
		t.Errorf("data space %+v", d)
	}
	if s.Inodes.Count != 0 || s.Inodes.Next != 1<<20 || *s.Inodes.Orphans != 0 {
		t.Errorf("inodes %+v", s.Inodes)
	}
	if v := s.Volume; *v.Seq != 100 || *v.CommittedSeq != 98 || v.FormatVersion != 2 || v.UUID == "" {
		t.Errorf("volume %+v", v)
	}
}

// TestSumsAreThoseThatRequestsAnswer compares with what df and statfs show, on
// a volume made here and on images.
func TestSumsAreThoseThatRequestsAnswer(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, pair device.Pair) {
		t.Helper()
		v, err := engine.OpenDevices(t.Context(), pair, engine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := read(t, pair)
		if len(s.Damage) != 0 {
			t.Errorf("damage: %v", s.Damage)
		}
		entries, err := ioctl.AllocDetails(t.Context(), v.Target())
		if err != nil {
			t.Fatal(err)
		}
		var meta, data uint64
		for _, e := range entries {
			if e.Meta {
				meta += e.Blocks
			} else {
				data += e.Blocks
			}
		}
		more, err := v.Target().StatfsMore(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Space.Meta.Free != meta || s.Space.Data.Free != data || s.Space.Meta.Reserved != more.ReservedMetaBlocks ||
			s.Space.Meta.Total != more.TotalMetaBlocks || s.Space.Data.Total != more.TotalDataBlocks || *s.Volume.CommittedSeq != more.CommittedSeq {
			t.Errorf("%+v, %+v; want %d and %d free, %+v", s.Space, s.Volume, meta, data, more)
		}
		f, err := v.FS(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		statfs, err := f.Statfs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Inodes.Count != statfs.Inodes || s.Inodes.Max != statfs.Files() {
			t.Errorf("%+v, want %d of %d inodes", s.Inodes, statfs.Inodes, statfs.Files())
		}
		inodes := uint64(0)
		for _, err := range f.Inodes(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			inodes++
		}
		if inodes != s.Inodes.Count && statfs.Inodes != 0 { // the volume made here counts none
			t.Errorf("counts %d inodes, there are %d", s.Inodes.Count, inodes)
		}
	}
	t.Run("made here", func(t *testing.T) {
		t.Parallel()
		check(t, busy(t).pair())
	})
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Parallel()
		check(t, openImage(t, img))
	})
}

// openImage opens the devices of an image.
func openImage(t *testing.T, img testimage.Image) device.Pair {
	t.Helper()
	pair, err := device.OpenPair(img.Meta, img.Data, device.Options{Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pair.Close() })
	return pair
}

// TestImagesAreWhatTheirManifestsSay checks what the kernel module showed.
func TestImagesAreWhatTheirManifestsSay(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Parallel()
		if img.Manifest == "" {
			return
		}
		m := manifest.Read(t, img.Manifest)
		s := read(t, openImage(t, img))
		if uint64(s.Volume.FSID) != m.Statfs.FSID || s.Space.Meta.Total != m.Statfs.TotalMetaBlocks || s.Space.Data.Total != m.Statfs.TotalDataBlocks {
			t.Errorf("%+v %+v, want %+v", s.Volume, s.Space, m.Statfs)
		}
		if old := slices.Contains(hintIDs(s.Hints), "format-version-1"); old != m.NoQuotas {
			t.Errorf("hints %v", s.Hints)
		}
		// After its recovery the kernel has no mounts but its own.
		if crashed := s.Mounts.Count > 0; crashed != (img.Name == "dirty" || img.Name == "partmerge") {
			t.Errorf("mounts %+v", s.Mounts)
		}
	})
}

// TestEveryPartIsShownWhenAnotherIsDamaged damages the root block of each
// tree in turn.
func TestEveryPartIsShownWhenAnotherIsDamaged(t *testing.T) {
	t.Parallel()
	for section, root := range map[string]func(*format.Super) format.Root{
		status.SectionMounts:   func(s *format.Super) format.Root { return s.MountedClients.Root() },
		status.SectionLogTrees: func(s *format.Super) format.Root { return s.LogsRoot.Root() },
		status.SectionMerge:    func(s *format.Super) format.Root { return s.LogMerge.Root() },
		status.SectionSearch:   func(s *format.Super) format.Root { return s.SrchRoot.Root() },
		status.SectionInodes:   func(s *format.Super) format.Root { return s.FSRoot.Root() },
		status.SectionQuorum:   nil,
	} {
		t.Run(section, func(t *testing.T) {
			t.Parallel()
			b := busy(t)
			whole := read(t, b.pair())
			pair := b.pair()
			at := int64(format.QuorumBlkno+3)<<format.SmallBlockShift + 100
			if root != nil {
				at = int64(root(super(t, pair)).Ref.Blkno)<<format.LargeBlockShift + 100
			}
			flip(t, pair.Meta, at)
			s := read(t, pair)
			var sections []string
			for _, d := range s.Damage {
				sections = append(sections, d.Section)
				if _, corrupt := errors.AsType[*format.CorruptError](d.Err); !corrupt {
					t.Errorf("%s: %v", d.Section, d.Err)
				}
			}
			if !slices.Contains(sections, section) || len(slices.Compact(sections)) != 1 || !s.Failed() {
				t.Errorf("damage is in %v", sections)
			}
			same := map[string]bool{
				status.SectionQuorum:   cmp.Equal(s.Quorum, whole.Quorum),
				status.SectionMounts:   s.Mounts.Count == whole.Mounts.Count,
				status.SectionLogTrees: s.LogTrees.Count == whole.LogTrees.Count,
				status.SectionMerge:    s.Merge.Requests == whole.Merge.Requests,
				status.SectionSearch:   s.Search.Logs == whole.Search.Logs,
			}
			for other, ok := range same {
				if ok == (other == section) {
					t.Errorf("%s is as in the undamaged volume: %v", other, ok)
				}
			}
			if gone := []string{"merge-job-of-gone-mount", "orphan-log-trees", "compaction-of-gone-mount"}; section == status.SectionMounts &&
				slices.ContainsFunc(hintIDs(s.Hints), func(id string) bool { return slices.Contains(gone, id) }) {
				t.Errorf("hints say what nobody knows: %v", s.Hints)
			}
		})
	}
}

func super(t *testing.T, pair device.Pair) *format.Super {
	t.Helper()
	v, err := engine.OpenDevices(t.Context(), pair, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := v.FS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return f.Super()
}

func flip(t *testing.T, dev device.Device, off int64) {
	t.Helper()
	var b [1]byte
	if _, err := dev.ReadAt(b[:], off); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0xff
	if _, err := dev.WriteAt(b[:], off); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedSuperIsUsedAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	pair := busy(t).pair()
	flip(t, pair.Meta, int64(format.SuperBlkno)<<format.SmallBlockShift+3000) // behind the fields
	s := read(t, pair)
	if len(s.Damage) != 1 || s.Damage[0].Section != status.SectionVolume || s.LogTrees.Count != 2 || !s.Failed() {
		t.Errorf("damage %v, log trees %+v", s.Damage, s.LogTrees)
	}
	flip(t, pair.Meta, int64(format.SuperBlkno)<<format.SmallBlockShift+5) // the magic number
	if s, err := status.Read(t.Context(), pair, status.ReadOptions{}); err == nil || !strings.Contains(err.Error(), "meta holds no volume") {
		t.Errorf("what is no super gives %+v, %v", s, err)
	}
}

// TestDamageAnywhere changes bytes of a volume, with and without repairing
// the checksums, and only asks that there is an answer.
func TestDamageAnywhere(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	b := busy(t)
	for ino := range uint64(100) {
		b.Put(format.OrphanKey(2000+ino), nil)
	}
	pair := b.pair()
	meta, ok := pair.Meta.(*device.Memory)
	if !ok {
		t.Fatal("the volume is not in memory")
	}
	used := int(format.FirstMetaBlkno + b.Blocks.Used())
	block := make([]byte, format.LargeBlockSize)
	for range 500 {
		damaged := meta.Clone("meta")
		at, size := int64(random.IntN(used))<<format.LargeBlockShift, format.LargeBlockSize
		if at < format.FirstMetaBlkno<<format.LargeBlockShift {
			at, size = int64(format.SuperBlkno+random.IntN(16))<<format.SmallBlockShift, format.SmallBlockSize
		}
		if _, err := damaged.ReadAt(block[:size], at); err != nil {
			t.Fatal(err)
		}
		for range 1 + random.IntN(8) {
			block[8+random.IntN(600)] = byte(random.Uint32())
		}
		if random.IntN(3) > 0 {
			format.Seal(block[:size])
		}
		if _, err := damaged.WriteAt(block[:size], at); err != nil {
			t.Fatal(err)
		}
		s, err := status.Read(t.Context(), device.Pair{Meta: damaged, Data: pair.Data}, status.ReadOptions{Orphans: true})
		if err != nil {
			continue
		}
		if _, err := json.Marshal(s); err != nil {
			t.Fatal(err)
		}
	}
}

// restless is a device that is written while it is read.
type restless struct {
	device.Device
	reads int
	write func(reads int)
}

func (r *restless) ReadAt(p []byte, off int64) (int, error) {
	r.reads++
	r.write(r.reads)
	return r.Device.ReadAt(p, off)
}

func TestAVolumeThatIsWrittenIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	b := busy(t)
	dev := &restless{Device: b.pair().Meta}
	dev.write = func(reads int) {
		if reads == 4 { // the super is read, and the trees are not
			b.Blocks.Rewind()
			b.mount(0xc3, false)
			b.Super.Hdr.Seq.Set(2)
			b.pair()
		}
	}
	s := read(t, device.Pair{Meta: dev})
	if len(s.Damage) != 0 || s.Mounts.Count != 2 {
		t.Errorf("%d mounts, damage %v", s.Mounts.Count, s.Damage)
	}
}

func TestAnInterruptedLookIsAnError(t *testing.T) {
	t.Parallel()
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	if s, err := status.Read(ctx, busy(t).pair(), status.ReadOptions{}); !errors.Is(err, reason) {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestOrphansOfImages compares with the inodes that no path leads to.
func TestOrphansOfImages(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]uint64{"dirty": 4, "basic": 0} {
		pair := openImage(t, testimage.Get(t, name))
		s := read(t, pair)
		if *s.Inodes.Orphans != want {
			t.Errorf("%s has %d orphans, want %d", name, *s.Inodes.Orphans, want)
		}
		v, err := engine.OpenDevices(t.Context(), pair, engine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		unlinked := uint64(0)
		err = v.Read(t.Context(), func(f *fs.FS) error {
			for in, err := range f.Inodes(t.Context(), 0) {
				if err != nil {
					return err
				}
				if in.Nlink == 0 {
					unlinked++
				}
			}
			return nil
		})
		if err != nil || unlinked != want {
			t.Errorf("%s: %d inodes without links, %v", name, unlinked, err)
		}
	}
}
